/** What --validate_config says of where a server would listen. Nothing is bound: a port may be taken now. */
import { access, constants } from 'node:fs/promises';
import { dirname } from 'node:path';

import type { Flags } from '../config/flag-table.js';
import { addressesOf } from '../listening/addresses.js';
import { socketPathRefusal } from '../listening/unix-socket.js';
import { fileError } from '../status/file-error.js';
import { error, findingsFrom, warning, type Finding } from './finding.js';

export async function listenFindings(flags: Flags): Promise<Finding[]> {
  const { port, rest_api_port: rest, rest_api_socket_path: restSocket } = flags;
  const findings: Finding[] = [];
  if (rest !== 0 && rest === port) {
    findings.push(error('--rest_api_port', 'rest_api_port and port must differ: REST is off'));
  }
  if (flags.monitoring_config_file !== '' && rest === 0 && restSocket === '') {
    findings.push(warning('--monitoring_config_file', 'there is no page of metrics without REST'));
  }
  for (const flag of ['grpc_host', 'rest_api_host'] as const) {
    const known = async (): Promise<void> => void (await addressesOf(flag, flags[flag], port));
    findings.push(...(await findingsFrom('flags', known)));
  }
  for (const flag of ['grpc_socket_path', 'rest_api_socket_path'] as const) {
    if (flags[flag] !== '') findings.push(...(await socketFindings(`--${flag}`, flags[flag])));
  }
  return findings;
}

async function socketFindings(flag: string, path: string): Promise<Finding[]> {
  const refusal = socketPathRefusal(path);
  if (refusal !== null) return [error(flag, refusal)];
  const folder = dirname(path);
  return access(folder, constants.W_OK | constants.X_OK).then(
    () => [],
    (cause: unknown) => [error(flag, fileError(folder, cause).message)],
  );
}

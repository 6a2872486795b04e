/**
 * --validate_config: all that is wrong with a command line and the files it names, found with the server's own
 * readers. Nothing is loaded, nobody listens, and nothing is written but what is returned.
 */
import { access, constants } from 'node:fs/promises';
import { resolve } from 'node:path';

import { channelArguments } from '../config/channel-arguments.js';
import type { Flags } from '../config/flag-table.js';
import type { CommandLine } from '../config/flags.js';
import { opSetsOf } from '../config/op-sets.js';
import { readPlatformConfig, type PlatformConfig } from '../config/platform-config.js';
import { refusedOpsOf } from '../config/refused-ops.js';
import { startRefusals } from '../config/start-refusals.js';
import { namePlugins } from '../plugins/plugins.js';
import { ModelBatching } from '../servables/model-batching.js';
import { libraryPaths } from '../servables/op-libraries.js';
import { sessionConfig } from '../servables/session-config.js';
import { stickyHeaderOf } from '../service/sticky-key.js';
import { fileError } from '../status/file-error.js';
import { FILE_CHECKS } from './file-checks.js';
import { error, findingsFrom, warning, type Finding } from './finding.js';
import { listenFindings } from './listening.js';
import { configuredModels, versionFindings } from './models.js';

export interface ValidationOptions {
  readonly cpus: number;
  readonly env: NodeJS.ProcessEnv;
  /** Whether there are models to serve where the flags name none. */
  readonly hasModels: boolean;
}

/** In the order of a start; each once. */
export async function validate(
  line: CommandLine,
  { cpus, env, hasModels }: ValidationOptions,
): Promise<readonly Finding[]> {
  const { flags } = line;
  const findings: Finding[] = [
    ...line.errors.map((text) => error('flags', text)),
    ...line.unknown.map((argument) => warning('flags', `unknown argument: ${argument}`)),
    ...line.refusals.map((text) => error('flags', text)),
    ...line.warnings.map((text) => warning('flags', text)),
    ...startRefusals(flags, hasModels).map((text) => error('flags', text)),
    ...channelArguments(flags.grpc_channel_arguments, flags.grpc_max_message_bytes)
      .ignored.filter((entry) => entry.includes('=')) // others are refused above
      .map((entry) => warning('--grpc_channel_arguments', `${entry} has no effect`)),
  ];
  const add = async (...check: Parameters<typeof findingsFrom>): Promise<void> => {
    findings.push(...(await findingsFrom(...check)));
  };
  await add('flags', () => void stickyHeaderOf(flags.sticky_header));
  await add('flags', () => void opSetsOf(flags.ops, env));
  await add('flags', () => void refusedOpsOf(flags.refuse_ops));
  await add('--custom_op_libraries', () => libraryFindings(flags));
  await add('flags', () => namePlugins(flags.plugins));
  findings.push(...(await listenFindings(flags)));
  for (const { flag, check } of FILE_CHECKS) {
    const file = String(flags[flag]);
    if (file !== '') await add(`--${flag}`, () => check(file, flags, cpus));
  }
  // What is wrong with them is said already.
  const platform = await readPlatformConfig(flags, cpus).catch(() => null);
  for (const what of platform?.withoutEffect ?? [])
    findings.push(warning('flags', `${what} has no effect`));
  await add('flags', () => {
    if (platform !== null) sessionConfig(platform.flags, platform.session, cpus);
    return undefined;
  });
  await add('--model_config_file', async () => {
    const { findings: ofList, ...configured } = await configuredModels(flags);
    const batching = platform && (await batchingOf(platform, cpus));
    return [...ofList, ...(await versionFindings(configured, batching, flags.model_roots))];
  });
  const seen = new Set<string>();
  return findings.filter((finding) => {
    const key = JSON.stringify(finding);
    return !seen.has(key) && seen.add(key);
  });
}

/** Null where versions have no parameters of their own, or those for all are wrong, which is said already. */
async function batchingOf({ flags }: PlatformConfig, cpus: number): Promise<ModelBatching | null> {
  if (!flags.enable_batching || !flags.enable_per_model_batching_parameters) return null;
  return ModelBatching.from(
    flags,
    cpus,
    cpus,
    () => 1,
    () => false,
  ).catch(() => null);
}

async function libraryFindings(flags: Flags): Promise<Finding[]> {
  const paths = libraryPaths(flags.custom_op_libraries).map((path) => resolve(path));
  const missing = await Promise.all(
    paths.map((path) =>
      access(path, constants.R_OK).then(
        () => [],
        (cause: unknown) => [error('--custom_op_libraries', fileError(path, cause).message)],
      ),
    ),
  );
  return missing.flat();
}

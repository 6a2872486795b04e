/** The echoes: constant replies over each transport alone, the floor that servers are compared with. */
import { fileURLToPath } from 'node:url';
import { pathOf, type ServerCase } from './cases.js';
import { type Endpoint, local } from './endpoint.js';
import { acceptsConnections } from './one-request.js';
import { freePort, PinnedServer } from './processes.js';
import type { Variant } from './variants.js';

/** What carries an echo, and the name that the tables have for it. */
export const ECHOES = {
  rest: 'echo (uWebSockets)',
  native: 'echo (native)',
  'grpc-js': 'echo (grpc-js)',
} as const;
export type EchoKind = keyof typeof ECHOES;

export interface Echo {
  readonly kind: EchoKind;
  readonly process: PinnedServer;
  readonly endpoint: Endpoint;
  readonly reply: string;
}

/** The echo on the transport that serves the case; of another server, on our own. */
export function echoFor(one: Pick<ServerCase, 'transport'>, variant: Variant | null): EchoKind {
  if (one.transport === 'rest') return 'rest';
  return variant?.grpcTransport === 'grpc-js' ? 'grpc-js' : 'native';
}

/** `reply` is the file with the constant. */
export async function startEcho(
  kind: EchoKind,
  one: ServerCase,
  reply: string,
  core: number,
): Promise<Echo> {
  const endpoint = local(await freePort());
  const process = new PinnedServer(core, [
    globalThis.process.execPath,
    fileURLToPath(new URL(`echo-${kind}.js`, import.meta.url)),
    `--port=${endpoint.port}`,
    `--reply=${reply}`,
    ...(kind === 'rest' ? [] : [`--path=${pathOf('grpc', one.model)}`]),
  ]);
  await process.ready(() => acceptsConnections(endpoint));
  return { kind, process, endpoint, reply };
}

/** The echoes: constant replies over the transports' own libraries, the floor that servers are compared with. */
import { fileURLToPath } from 'node:url';
import { pathOf, type ServerCase } from './cases.js';
import { type Endpoint, local } from './endpoint.js';
import { acceptsConnections } from './one-request.js';
import { freePort, PinnedServer } from './processes.js';

export interface Echo {
  /** The library that carries it. */
  readonly name: string;
  readonly process: PinnedServer;
  readonly endpoint: Endpoint;
  readonly reply: string;
}

/** `reply` is the file with the constant. */
export async function startEcho(one: ServerCase, reply: string, core: number): Promise<Echo> {
  const endpoint = local(await freePort());
  const echo = new PinnedServer(core, [
    process.execPath,
    fileURLToPath(new URL(`echo-${one.transport}.js`, import.meta.url)),
    `--port=${endpoint.port}`,
    `--reply=${reply}`,
    ...(one.transport === 'grpc' ? [`--path=${pathOf('grpc', one.model)}`] : []),
  ]);
  await echo.ready(() => acceptsConnections(endpoint));
  const name = one.transport === 'rest' ? 'echo (uWebSockets)' : 'echo (grpc-js)';
  return { name, process: echo, endpoint, reply };
}

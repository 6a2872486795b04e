/**
 * --against: a server that the bench did not start, TensorFlow Serving or another tensorgate. It is asked
 * for its models, and gets the load of the cases whose model it has, over the transports that it was
 * given for. Where it runs, and on which CPU, is its owner's affair.
 */
import { lookup } from 'node:dns/promises';
import type { Transport } from './cases.js';
import { addressOf, type Endpoint, LOOPBACK } from './endpoint.js';
import { acceptsConnections, isAvailable } from './one-request.js';

export interface OtherServer {
  /** As it was given. */
  readonly name: string;
  readonly endpoints: Readonly<Record<Transport, Endpoint | null>>;
}

/** "HOST:PORT,HOST:PORT": gRPC, then REST; either may be empty. Names are looked up once. */
export async function findOtherServer(text: string): Promise<OtherServer> {
  const [grpc = '', rest = '', ...more] = text.split(',');
  if (more.length > 0 || grpc + rest === '') {
    throw new Error(`--against is HOST:PORT[,HOST:PORT], gRPC and REST, not ${text}`);
  }
  return { name: text, endpoints: { grpc: await endpointOf(grpc), rest: await endpointOf(rest) } };
}

/** Throws where nothing listens. */
export async function checkReachable({ endpoints }: OtherServer): Promise<void> {
  for (const endpoint of Object.values(endpoints)) {
    if (endpoint === null) continue;
    await acceptsConnections(endpoint).catch((error: Error) => {
      throw new Error(`--against: ${addressOf(endpoint)} cannot be reached: ${error.message}`);
    });
  }
}

/** Null where it has no such model, or is not asked over this transport. */
export async function endpointFor(
  other: OtherServer,
  transport: Transport,
  model: string,
): Promise<Endpoint | null> {
  const endpoint = other.endpoints[transport];
  if (endpoint === null) return null;
  return (await isAvailable(transport, endpoint, model).catch(refusal)) ? endpoint : null;
}

/** A server that does not know the model says so; one that fails otherwise ends the bench. */
function refusal(error: unknown): false {
  const { code } = error as { code?: unknown };
  const cause = (error as { cause?: { code?: unknown } }).cause?.code;
  const NOT_FOUND = 5;
  if (code === NOT_FOUND || (code === undefined && cause === undefined)) return false;
  throw error;
}

async function endpointOf(text: string): Promise<Endpoint | null> {
  if (text === '') return null;
  const parts = /^(?:\[(.+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const host = parts?.[1] ?? parts?.[2];
  const port = Number(parts?.[3]);
  if (host === undefined || port < 1 || port > 65_535) {
    throw new Error(`--against: ${text} is not HOST:PORT`);
  }
  if (host === 'localhost') return { host: LOOPBACK, port };
  return { host: (await lookup(host)).address, port };
}

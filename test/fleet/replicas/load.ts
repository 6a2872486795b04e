/** The load on replicas: over both protocols, on the same model. */

import type { ClientOptions } from '@grpc/grpc-js';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { grpcStream, restStream, type Stream, type StreamTarget } from '../../live/streams.js';
import { GrpcClient } from '../../wire/grpc-client.js';

/** What each gets of the rate. */
const SHARE = 0.5;
const SERVICE_CONFIG = fileURLToPath(
  new URL('../../../../deploy/grpc-service-config.json', import.meta.url),
);
const CALLERS = 8;
const PAUSE_MILLIS = 20;

/** Streams of Predicts on the model, with the answers that a server gives now. */
export async function streamsOf(model: string, server: StreamTarget): Promise<Stream[]> {
  const rest = restStream(model, model, SHARE);
  const grpc = grpcStream(model, model, SHARE);
  const answer = await fetch(`http://127.0.0.1:${server.restPort}${rest.path}`, {
    method: 'POST',
    body: rest.body as string,
  });
  const client = new GrpcClient(server.grpcAddress);
  try {
    return [
      { ...rest, expect: new Uint8Array(await answer.arrayBuffer()) },
      { ...grpc, expect: await client.raw(grpc.path, grpc.body as Uint8Array) },
    ];
  } finally {
    client.close();
  }
}

const POLICY = JSON.parse(readFileSync(SERVICE_CONFIG, 'utf8')) as object;

/** The documented retry policy of a client. `more`: what else its service config has. */
export function withRetries(more: object = {}): ClientOptions {
  return { 'grpc.service_config': JSON.stringify({ ...POLICY, ...more }) };
}

/** A client, and callers that each ask again soon after an answer, over one connection at a time. */
export class Callers {
  readonly #client: GrpcClient;
  readonly #callers: Promise<void>[];
  readonly #failures: string[] = [];
  #answered = 0;
  #isEnding = false;

  constructor(address: string, model: string, options: ClientOptions = {}) {
    const own = { 'grpc.use_local_subchannel_pool': 1, ...options };
    this.#client = new GrpcClient(address, undefined, own);
    this.#callers = Array.from({ length: CALLERS }, () => this.#call(model));
  }

  /** How many were answered, and why others were not. */
  async end(): Promise<{ answered: number; failures: readonly string[] }> {
    this.#isEnding = true;
    await Promise.all(this.#callers);
    this.#client.close();
    return { answered: this.#answered, failures: this.#failures };
  }

  async #call(model: string): Promise<void> {
    const { path, body } = grpcStream(model, model, 1);
    while (!this.#isEnding) {
      await delay(PAUSE_MILLIS);
      try {
        await this.#client.raw(path, body as Uint8Array);
        ++this.#answered;
      } catch (error) {
        this.#failures.push(JSON.stringify(error));
      }
    }
  }
}

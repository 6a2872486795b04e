/** Hostile requests by the thousand: mutated bodies, and clients that send them side by side. */
import assert from 'node:assert/strict';
import { request as httpRequest, type Agent } from 'node:http';

import type { Random } from './random.js';
import type { ServerProcess } from './server-process.js';

export const AT_ONCE = 16;
export const BODIES = 10_000;
/** What a server that has warmed up may still grow by over that many requests. */
export const GROWTH_BYTES = 64 << 20;

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Some bytes changed, cut, repeated or spliced in from another seed. */
export function mutate(random: Random, seeds: readonly Buffer[]): Buffer {
  let body: Buffer = Buffer.from(random.pick(seeds));
  for (let step = random.below(5); step >= 0; --step) {
    const at = random.below(body.length + 1);
    const rest = body.subarray(at + random.below(4));
    switch (random.below(5)) {
      case 0:
        if (at < body.length) body[at] = random.below(256);
        break;
      case 1:
        body = Buffer.concat([body.subarray(0, at), rest]);
        break;
      case 2:
        body = Buffer.concat([body.subarray(0, at), random.bytes(8), body.subarray(at)]);
        break;
      case 3:
        body = Buffer.concat([body.subarray(0, at), random.pick(seeds).subarray(at), rest]);
        break;
      default:
        body = body.subarray(0, at);
    }
  }
  return body;
}

export async function inParallel(
  count: number,
  one: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (next < count) await one(next++);
    }),
  );
}

/** fetch() costs several times as much. */
export function postBytes(agent: Agent, url: string, body: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method: 'POST', agent }, (response) => {
      let text = '';
      response.setEncoding('latin1').on('data', (piece: string) => (text += piece));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, text });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** Runs `fuzz` once to warm up and once to measure what memory it leaves behind. */
export async function withFlatMemory(
  server: ServerProcess,
  fuzz: (count: number) => Promise<void>,
  bodies = BODIES,
): Promise<void> {
  await fuzz(bodies / 5);
  const before = server.rssBytes();
  await fuzz(bodies);
  const growth = server.rssBytes() - before;
  assert.ok(growth < GROWTH_BYTES, `grew by ${growth} bytes`);
}

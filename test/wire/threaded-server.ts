/** What the tests of I/O threads do with a server: many connections, so that each thread has some. */
import * as grpc from '@grpc/grpc-js';
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { fileURLToPath } from 'node:url';

import { floats, GrpcClient } from './grpc-client.js';
import { PrometheusPage } from './prometheus-parser.js';
import type { ServerProcess } from './server-process.js';

/** That all of so many connections are one thread's of three is as good as impossible. */
export const MANY = 40;
const PAGE = '/monitoring/prometheus/metrics';

export const testModel = (name: string): string =>
  fileURLToPath(new URL(`../../../test/models/${name}`, import.meta.url));

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Over a connection of its own. `body` null: GET. */
export function ask(
  { restPort }: ServerProcess,
  path: string,
  body: string | null = null,
): Promise<Answer> {
  const method = body === null ? 'GET' : 'POST';
  return new Promise((resolve, reject) => {
    const sent = request({ port: restPort, path, method, agent: false }, (reply) => {
      let text = '';
      reply.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      reply.on('end', () => resolve({ status: reply.statusCode ?? 0, text }));
      reply.on('error', reject);
    });
    sent.on('error', reject).end(body ?? undefined);
  });
}

/** The status and the JSON of a Predict's answer; over a connection of its own. A text is sent as it is. */
export async function predictOf(
  server: ServerProcess,
  model: string,
  body: object | string,
): Promise<[number, unknown]> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const reply = await ask(server, `/v1/models/${model}:predict`, text);
  return [reply.status, JSON.parse(reply.text)];
}

/** What the model answers to 1.0, or the answer's text; over a connection of its own. */
export async function predicted(server: ServerProcess, model: string): Promise<number | string> {
  const { text } = await ask(server, `/v1/models/${model}:predict`, '{"instances": [1.0]}');
  const { predictions, error } = JSON.parse(text) as { predictions?: number[]; error?: string };
  return predictions?.[0] ?? error ?? text;
}

/** Over many connections at once: so each thread is asked. */
export function predictedByAll(server: ServerProcess, model: string): Promise<(number | string)[]> {
  return Promise.all(Array.from({ length: MANY }, () => predicted(server, model)));
}

/** Resolves when all threads answer so. */
export async function untilAllAnswer(
  server: ServerProcess,
  model: string,
  answer: number | string,
): Promise<void> {
  while ((await predictedByAll(server, model)).some((each) => each !== answer));
}

/** Clients with a connection each. */
export function manyClients(
  { grpcAddress }: ServerProcess,
  credentials = grpc.credentials.createInsecure(),
  options: grpc.ClientOptions = {},
): GrpcClient[] {
  const own = { 'grpc.use_local_subchannel_pool': 1, ...options };
  return Array.from({ length: MANY }, () => new GrpcClient(grpcAddress, credentials, own));
}

/** Each client's answer to 1.0. */
export function predictedByClients(clients: GrpcClient[], model: string): Promise<unknown[]> {
  const asked = { model_spec: { name: model }, inputs: { x: floats(1) } };
  return Promise.all(
    clients.map(async (client) => {
      const { outputs } = await client.predict(asked);
      const [output = {}] = Object.values(outputs as Record<string, Record<string, unknown[]>>);
      return Number(Object.entries(output).find(([field]) => field.endsWith('_val'))?.[1][0]);
    }),
  );
}

export async function metricsOf(server: ServerProcess): Promise<PrometheusPage> {
  const { status, text } = await ask(server, PAGE);
  assert.equal(status, 200);
  return new PrometheusPage(text);
}

/** Requests by thread, of those that had any. */
export function requestsByThread(page: PrometheusPage, transport: 'REST' | 'gRPC'): number[] {
  return Object.entries(page.all(':tensorgate:io_thread_request_count'))
    .filter(([labels, count]) => labels.includes(`transport="${transport}"`) && count > 0)
    .map(([, count]) => count);
}

export const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

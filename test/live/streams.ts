/**
 * Streams of requests at a fixed rate, whatever the server does (open loop): one load generator each,
 * all at once. Every reply that is not OK, or not the expected one, counts as failed.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { LoadFigures } from '../../bench/native-programs.js';
import { encode, floats, PREDICT } from '../wire/grpc-client.js';
import type { ServerProcess } from '../wire/server-process.js';

/** Where scripts/testing/bench-programs.mjs builds it; seen from dist/test/live/. */
const LOADGEN = fileURLToPath(new URL('../../../build/bench/bench/load/loadgen', import.meta.url));
const TOLD = /loadgen: failure: (.*)/g;

export interface Stream {
  readonly name: string;
  readonly transport: 'rest' | 'grpc';
  readonly path: string;
  readonly body: string | Uint8Array;
  /** The only good reply; null where that changes with the versions. */
  readonly expect: Uint8Array | null;
  /** Of the rate of all streams together. */
  readonly share: number;
}

export interface StreamFigures extends LoadFigures {
  readonly stream: Stream;
  readonly failed: number;
  /** The first of them, in words. */
  readonly failures: readonly string[];
}

export function restStream(name: string, target: string, share: number): Stream {
  const path = `/v1/models/${target}:predict`;
  const body = '{"instances": [1.0]}';
  return { name: `REST ${name}`, transport: 'rest', path, body, expect: null, share };
}

export function grpcStream(name: string, model: string, share: number): Stream {
  const body = encode('PredictRequest', { model_spec: { name: model }, inputs: { x: floats(1) } });
  return { name: `gRPC ${name}`, transport: 'grpc', path: PREDICT, body, expect: null, share };
}

/** @param rate requests a second, of all streams together */
export async function runStreams(
  server: ServerProcess,
  streams: readonly Stream[],
  rate: number,
  seconds: number,
): Promise<StreamFigures[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tensorgate-streams-'));
  try {
    const args = streams.map((stream, i) => loadgenArgs(server, stream, join(folder, String(i))));
    const timing = (share: number): string[] => [
      `--rate=${rate * share}`,
      `--seconds=${seconds}`,
      '--warmup=0', // every request counts, the first too
    ];
    return await Promise.all(
      streams.map((stream, i) => run(stream, [...(args[i] ?? []), ...timing(stream.share)])),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function loadgenArgs(server: ServerProcess, stream: Stream, file: string): string[] {
  writeFileSync(`${file}.body`, stream.body);
  const args =
    stream.transport === 'rest'
      ? ['--protocol=http', `--address=127.0.0.1:${server.restPort}`, '--connections=32']
      : ['--protocol=grpc', `--address=${server.grpcAddress}`, '--connections=4', '--in_flight=8'];
  if (stream.expect !== null) {
    writeFileSync(`${file}.expect`, stream.expect);
    args.push(`--expect=${file}.expect`);
  }
  return [...args, `--path=${stream.path}`, `--body=${file}.body`];
}

async function run(stream: Stream, args: readonly string[]): Promise<StreamFigures> {
  const child = spawn(LOADGEN, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${LOADGEN} ended with ${code}: ${stderr.trim()}`);
  const figures = JSON.parse(stdout) as LoadFigures;
  return {
    ...figures,
    stream,
    failed: figures.errors + figures.mismatches + figures.unfinished,
    failures: [...stderr.matchAll(TOLD)].map(([, text]) => `${stream.name}: ${text ?? ''}`),
  };
}

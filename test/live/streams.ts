/**
 * Streams of requests at a fixed rate, whatever the server does (open loop): one load generator each,
 * all at once. Every reply that is not OK, or not the expected one, counts as failed.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

import type { LoadFigures } from '../../bench/native-programs.js';
import { encode, floats, PREDICT } from '../wire/grpc-client.js';

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
  /** By reason: how many of the first reasons, in words. */
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

/** Who is asked: a server, or what stands before some. */
export interface StreamTarget {
  readonly restPort: number;
  readonly grpcAddress: string;
}

/** @param rate requests a second, of all streams together */
export function runStreams(
  target: StreamTarget,
  streams: readonly Stream[],
  rate: number,
  seconds: number,
): Promise<StreamFigures[]> {
  return startStreams(target, streams, rate, seconds).figures;
}

export interface RunningStreams {
  readonly figures: Promise<StreamFigures[]>;
  /** Begins no further requests. Resolves when those that have begun are over. */
  readonly end: () => Promise<StreamFigures[]>;
}

/** The same, until they are ended. @param seconds the most that they go on */
export function startStreams(
  target: StreamTarget,
  streams: readonly Stream[],
  rate: number,
  seconds: number,
): RunningStreams {
  const folder = mkdtempSync(join(tmpdir(), 'tensorgate-streams-'));
  const children = streams.map((stream, i) => {
    const args = [
      ...loadgenArgs(target, stream, join(folder, String(i))),
      `--rate=${rate * stream.share}`,
      `--seconds=${seconds}`,
      '--warmup=0', // every request counts, the first too
    ];
    return spawn(LOADGEN, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  });
  const figures = Promise.all(
    streams.map((stream, i) => figuresOf(stream, children[i] as (typeof children)[number])),
  ).finally(() => rmSync(folder, { recursive: true }));
  figures.catch(() => undefined); // whoever awaits them hears of it
  const end = (): Promise<StreamFigures[]> => {
    for (const child of children) child.kill('SIGTERM');
    return figures;
  };
  return { figures, end };
}

function loadgenArgs(server: StreamTarget, stream: Stream, file: string): string[] {
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

async function figuresOf(
  stream: Stream,
  child: ChildProcessByStdio<null, Readable, Readable>,
): Promise<StreamFigures> {
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

/**
 * `tensorgate profile`: what TensorFlow does in the runs of a server for a while, written where TensorBoard
 * looks for profiles, with a Chrome trace beside it.
 */
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { loadProtos } from '../protos/protos.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import type { Arguments } from './arguments.js';
import type { Command } from './command.js';
import { table } from './table.js';
import { chromeTrace, isRun, opTimes, type OpTime, type TraceLine } from './trace.js';
import { UsageError } from './usage-error.js';

const DEFAULT_MILLIS = 2000;
const DEFAULT_FOLDER = 'profile';
/** For the answer, beyond the time that is traced. */
const ANSWER_MILLIS = 60_000;
const TOP_OPS = 10;
const HOST_PLANE = '/host:CPU';
const PICOS_PER_MICRO = 1_000_000;
const NANOS_PER_MICRO = 1000;

export const profile: Command = {
  usage: ['profile [MODEL] [--duration_ms=N] [--out=DIR]'],
  switches: [],
  values: ['duration_ms', 'out'],
  run: async (given, client) => {
    const [model = ''] = given.take(0, 1);
    const millis = millisOf(given);
    const folder = given.value('out') ?? DEFAULT_FOLDER;
    const time = timestamp(new Date());
    const opts = {
      duration_ms: millis,
      ...(model !== '' && {
        advanced_configuration: { tensorgate_model: { string_value: model } },
      }),
    };
    const reply = await client.profiler(
      'Profile',
      { session_id: `${time}_${process.pid}`, duration_ms: millis, opts },
      millis + ANSWER_MILLIS,
    );
    const [tool] = (reply['tool_data'] ?? []) as readonly { readonly data?: Uint8Array }[];
    if (tool?.data === undefined) throw nothingRan(model, millis);
    const { lines, warnings } = read(tool.data);
    const host = client.server.replaceAll(/[^\w.-]+/g, '_');
    const run = join(folder, 'plugins', 'profile', time);
    const [xplane, trace] = [join(run, `${host}.xplane.pb`), join(run, `${host}.trace.json`)];
    await write(run, xplane, tool.data, trace, chromeTrace(`tensorgate ${client.server}`, lines));
    const times = opTimes(lines);
    const runs = times.filter(isRun).reduce((sum, { count }) => sum + count, 0);
    const top = times.slice(0, TOP_OPS);
    return {
      text:
        `${runs} ${runs === 1 ? 'run' : 'runs'} in ${millis} ms\n\n${topTable(top, times)}\n${xplane}\n${trace}\n` +
        warnings.map((warning) => `${warning}\n`).join('') +
        `\ntensorboard --logdir=${folder}   # or open ${host}.trace.json in ui.perfetto.dev\n`,
      json: { xplane, trace, runs, warnings, ops: times },
    };
  },
};

function nothingRan(model: string, millis: number): ServingError {
  const whose = model === '' ? 'no model has' : `model ${model} has not`;
  return new ServingError(
    StatusCode.NOT_FOUND,
    `${whose} run within ${millis} ms: there is nothing to write. Send requests meanwhile, for example ` +
      `curl -d '{"instances": […]}' http://HOST:8501/v1/models/${model || 'MODEL'}:predict, or take ` +
      'longer with --duration_ms',
  );
}

function millisOf(given: Arguments): number {
  const text = given.value('duration_ms');
  if (text === null) return DEFAULT_MILLIS;
  const millis = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (millis > 0) return millis; // the server knows the most
  throw new UsageError(`--duration_ms=${text} is no number from 1 on`);
}

/** As TensorFlow names the folders of profiles. */
function timestamp(now: Date): string {
  const two = (part: number): string => String(part).padStart(2, '0');
  const day = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())];
  return [...day, ...[now.getHours(), now.getMinutes(), now.getSeconds()].map(two)].join('_');
}

function read(bytes: Uint8Array): { lines: TraceLine[]; warnings: readonly string[] } {
  const type = loadProtos(['tsl/profiler/protobuf/xplane.proto']).lookupType(
    'tensorflow.profiler.XSpace',
  );
  const space = type.toObject(type.decode(bytes), { longs: Number, arrays: true }) as XSpace;
  const lines = space.planes
    .filter(({ name }) => name === HOST_PLANE)
    .flatMap(({ lines: ofPlane, event_metadata: names }) =>
      ofPlane.map(({ id, name, timestamp_ns = 0, events }) => ({
        id,
        name,
        events: events.map(({ metadata_id, offset_ps = 0, duration_ps = 0 }) => ({
          name: names[metadata_id]?.name ?? '',
          startMicros: timestamp_ns / NANOS_PER_MICRO + offset_ps / PICOS_PER_MICRO,
          micros: duration_ps / PICOS_PER_MICRO,
        })),
      })),
    );
  return { lines, warnings: space.warnings };
}

interface XSpace {
  readonly planes: readonly {
    readonly name: string;
    readonly event_metadata: Readonly<Record<string, { readonly name?: string }>>;
    readonly lines: readonly {
      readonly id: number;
      readonly name: string;
      readonly timestamp_ns?: number;
      readonly events: readonly {
        readonly metadata_id: number;
        readonly offset_ps?: number;
        readonly duration_ps?: number;
      }[];
    }[];
  }[];
  readonly warnings: readonly string[];
}

async function write(
  folder: string,
  xplane: string,
  bytes: Uint8Array,
  trace: string,
  pieces: Iterable<string>,
): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(xplane, bytes);
    await pipeline(Readable.from(pieces), createWriteStream(trace));
  } catch (error) {
    throw new ServingError(StatusCode.UNAVAILABLE, (error as Error).message, [], { cause: error });
  }
}

function topTable(top: readonly OpTime[], all: readonly OpTime[]): string {
  const sum = all.reduce((total, { selfMicros }) => total + selfMicros, 0) || 1;
  const rows = top.map((time) => {
    const [node = '', op = ''] = isRun(time) ? [time.name, '(beside its ops)'] : split(time.name);
    const share = `${((time.selfMicros / sum) * 100).toFixed(1)}%`;
    return [share, millisText(time.selfMicros), millisText(time.micros), `${time.count}`, op, node];
  });
  return table([['SELF', 'SELF MS', 'TOTAL MS', 'COUNT', 'OP', 'NODE'], ...rows]);
}

function split(name: string): [node: string, op: string] {
  const colon = name.lastIndexOf(':');
  return colon < 0 ? [name, ''] : [name.slice(0, colon), name.slice(colon + 1)];
}

const millisText = (micros: number): string => (micros / 1000).toFixed(3);

/** The bench's native programs (bench/load, bench/native) and the figures they print. */
import { fileURLToPath } from 'node:url';
import type { BenchModel } from './cases.js';
import { addressOf, type Endpoint, LOOPBACK } from './endpoint.js';
import { runForJson } from './processes.js';

/** Where scripts/bench.mjs builds them; seen from dist/bench/. */
const BUILD_FOLDER = new URL('../../build/bench/bench/', import.meta.url);

export interface LoadFigures {
  readonly requests: number;
  readonly errors: number;
  readonly mismatches: number;
  readonly unfinished: number;
  readonly seconds: number;
  readonly rps: number;
  readonly mean_us: number;
  readonly p50_us: number;
  readonly p90_us: number;
  readonly p99_us: number;
  readonly p999_us: number;
  readonly max_us: number;
}

export interface LoadOptions {
  readonly protocol: 'http' | 'grpc';
  readonly endpoint: Endpoint;
  readonly path: string;
  readonly connections: number;
  readonly inFlight: number;
  /** Files with the request body and the exact reply. */
  readonly body: string;
  readonly expect: string;
  readonly seconds: number;
  readonly warmup: number;
  /** Requests a second of an open loop with Poisson arrivals; absent: a closed loop. */
  readonly rate?: number;
  /** Of the arrival times. */
  readonly seed?: number;
}

export function runLoad(core: number, options: LoadOptions): Promise<LoadFigures> {
  return runForJson<LoadFigures>(core, [
    program('load/loadgen'),
    `--protocol=${options.protocol}`,
    options.endpoint.host === LOOPBACK
      ? `--address=${addressOf(options.endpoint)}`
      : `--remote_address=${addressOf(options.endpoint)}`,
    `--path=${options.path}`,
    `--connections=${options.connections}`,
    `--in_flight=${options.inFlight}`,
    `--body=${options.body}`,
    `--expect=${options.expect}`,
    `--seconds=${options.seconds}`,
    `--warmup=${options.warmup}`,
    ...(options.rate === undefined ? [] : [`--rate=${options.rate}`]),
    ...(options.seed === undefined ? [] : [`--seed=${options.seed}`]),
  ]);
}

/** UNITS: runs per second of TF_SessionRun in a bare loop. */
export async function runRawSession(
  core: number,
  model: BenchModel,
  seconds: number,
): Promise<number> {
  const figures = await runForJson<{ runs_per_second: number }>(core, [
    program('native/raw_run'),
    `--model=${model.basePath}/${model.version}`,
    `--feed=${model.feed}`,
    `--fetch=${model.fetch}`,
    `--shape=${model.shape.join(',')}`,
    `--dtype=${dtypeOf(model)}`,
    `--seconds=${seconds}`,
  ]);
  return figures.runs_per_second;
}

/** UNITS: microseconds, the median run of OpenVINO in a bare loop. `library`: path of libopenvino_c.so. */
export async function runOpenVino(
  core: number,
  library: string,
  model: BenchModel,
  seconds: number,
): Promise<number> {
  const figures = await runForJson<{ p50_us: number }>(core, [
    program('native/openvino_run'),
    `--library=${library}`,
    `--model=${model.basePath}/${model.version}`,
    `--shape=${model.shape.join(',')}`,
    `--dtype=${dtypeOf(model)}`,
    `--seconds=${seconds}`,
  ]);
  return figures.p50_us;
}

export interface CodecFigures {
  readonly body_bytes: number;
  readonly decode_us: number;
  readonly encode_us: number;
}

/** The native codec by itself, without Node and TensorFlow. */
export function runCodec(
  core: number,
  format: 'json' | 'proto',
  body: string,
  seconds: number,
): Promise<CodecFigures> {
  return runForJson<CodecFigures>(core, [
    program('native/codec_micro'),
    `--format=${format}`,
    `--body=${body}`,
    `--seconds=${seconds}`,
  ]);
}

export interface TableFigures {
  /** UNITS: bytes of the table's files. */
  readonly data_bytes: number;
  readonly table_load_seconds: number;
  readonly table_resident_bytes: number;
  /** UNITS: lookups in a second of processor time. */
  readonly table_per_second: number;
  readonly graph_load_seconds: number;
  readonly graph_resident_bytes: number;
  readonly graph_per_second: number;
  /** The median of those within the rounds. */
  readonly ratio: number;
}

export interface TableOptions {
  /** Folders of the table and of the SavedModel. */
  readonly table: string;
  readonly model: string;
  /** Of a lookup. */
  readonly keys: number;
  readonly rounds: number;
  readonly seconds: number;
}

export function runTable(core: number, options: TableOptions): Promise<TableFigures> {
  return runForJson<TableFigures>(core, [
    program('native/table_run'),
    `--table=${options.table}`,
    `--model=${options.model}`,
    '--feed=serving_default_keys:0',
    '--fetch=StatefulPartitionedCall:0',
    `--keys=${options.keys}`,
    `--rounds=${options.rounds}`,
    `--seconds=${options.seconds}`,
  ]);
}

function program(path: string): string {
  return fileURLToPath(new URL(path, BUILD_FOLDER));
}

function dtypeOf({ values }: BenchModel): string {
  return values instanceof Int32Array ? 'int32' : 'float32';
}

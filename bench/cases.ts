/**
 * What the server part of the bench measures: the models, and over which transport, with how many
 * requests at once, each is asked. A further case is a further line here.
 */
import { fileURLToPath } from 'node:url';
import { encodePredictRequest, type Numbers, type TensorForm } from './predict-message.js';

const REPOSITORY = new URL('../../', import.meta.url); // seen from dist/bench/

export interface BenchModel {
  readonly name: string;
  /** Absolute path of the folder with version folders. */
  readonly basePath: string;
  readonly version: number;
  readonly input: string;
  readonly output: string;
  /** The graph's tensors behind them, for the bare session loop. */
  readonly feed: string;
  readonly fetch: string;
  readonly shape: readonly number[];
  /** The type of the input's numbers is the model's: float32 or int32. */
  readonly values: Numbers;
  /** The output for `values`; null when only its size is known. */
  readonly expected: readonly number[] | null;
  readonly outputSize: number;
}

export type Transport = 'rest' | 'grpc';

export interface ServerCase {
  readonly name: string;
  readonly model: BenchModel;
  readonly transport: Transport;
  readonly connections: number;
  /** Per connection; REST carries one. */
  readonly inFlight: number;
  readonly body: Buffer;
}

/** Where requests of a transport go. */
export function pathOf(transport: Transport, model: BenchModel): string {
  return transport === 'rest'
    ? `/v1/models/${model.name}:predict`
    : '/tensorflow.serving.PredictionService/Predict';
}

export const HALF_PLUS_TWO: BenchModel = {
  name: 'half_plus_two',
  basePath: folder('examples/models/half_plus_two'),
  version: 1,
  input: 'x',
  output: 'y',
  feed: 'x:0',
  fetch: 'y:0',
  shape: [3],
  values: Float32Array.of(1, 2, 5),
  expected: [2.5, 3, 4.5],
  outputSize: 3,
};

const KERAS_MLP: BenchModel = {
  name: 'keras_mlp',
  basePath: folder('examples/models/keras_mlp'),
  version: 1,
  input: 'features',
  output: 'output_0',
  feed: 'serving_default_features:0',
  fetch: 'StatefulPartitionedCall_1:0',
  shape: [1, 16],
  values: ramp(16),
  expected: null,
  outputSize: 10,
};

/** Hands an image back as it is, so that transport and codec are all there is to measure. */
const IMAGE: BenchModel = {
  name: 'identity',
  basePath: folder('test/models/identity'),
  version: 1,
  input: 'x',
  output: 'y',
  feed: 'x_float32:0',
  fetch: 'y_float32:0',
  shape: [1, 224, 224, 3],
  values: ramp(224 * 224 * 3),
  expected: null,
  outputSize: 224 * 224 * 3,
};

/** Cases of one model stand together: the server is started once for each. */
export const SERVER_CASES: readonly ServerCase[] = [
  rest(HALF_PLUS_TWO, 1),
  rest(HALF_PLUS_TWO, 32),
  grpc(HALF_PLUS_TWO, 1, 'values'),
  grpc(HALF_PLUS_TWO, 32, 'values'),
  rest(KERAS_MLP, 1),
  rest(KERAS_MLP, 32),
  grpc(KERAS_MLP, 1, 'values'),
  grpc(KERAS_MLP, 32, 'values'),
  rest(IMAGE, 1),
  rest(IMAGE, 4),
  grpc(IMAGE, 1, 'content'),
  grpc(IMAGE, 4, 'content'),
];

/** Row form, numbers with up to five digits after the point. */
export function restBody(model: BenchModel): Buffer {
  const show = model.values instanceof Int32Array ? String : withPoint;
  const numbers = Array.from(model.values, (value) => show(Math.round(value * 1e5) / 1e5));
  if (model.shape.length === 1) {
    return Buffer.from(`{"instances": [${numbers.join(', ')}]}`);
  }
  return Buffer.from(`{"instances": ${nested(numbers, model.shape)}}`);
}

export function grpcBody(model: BenchModel, form: TensorForm): Buffer {
  return encodePredictRequest(model.name, model.input, model.shape, model.values, form);
}

export function rest(model: BenchModel, connections: number): ServerCase {
  const body = restBody(model);
  const name = `REST ${model.name}${sizeNote(body)}, ${connections} connection${connections === 1 ? '' : 's'}`;
  return { name, model, transport: 'rest', connections, inFlight: 1, body };
}

export function grpc(model: BenchModel, inFlight: number, form: TensorForm): ServerCase {
  const body = grpcBody(model, form);
  const name = `gRPC ${model.name}${sizeNote(body)}, ${inFlight} in flight`;
  return { name, model, transport: 'grpc', connections: 1, inFlight, body };
}

function sizeNote(body: Buffer): string {
  return body.length < 100_000 ? '' : ` (${(body.length / 1e6).toFixed(2)} MB)`;
}

/** A path below the repository, made absolute. */
export function folder(path: string): string {
  return fileURLToPath(new URL(path, REPOSITORY));
}

/** The product of the sizes. */
export function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Numbers in [0, 1) without a pattern that a parser could profit from. */
export function ramp(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => ((i * 7919 + 13) % 10_007) / 10_007);
}

function withPoint(value: number): string {
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}

function nested(numbers: readonly string[], shape: readonly number[]): string {
  const [rows, ...inner] = shape;
  if (rows === undefined) return numbers[0] ?? '';
  const rowSize = numbers.length / rows;
  const parts = Array.from({ length: rows }, (_, row) =>
    nested(numbers.slice(row * rowSize, (row + 1) * rowSize), inner),
  );
  return `[${parts.join(',')}]`;
}

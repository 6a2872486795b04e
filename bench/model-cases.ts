/**
 * What the models part measures: Keras models of real size, made by scripts/make-bench-models.py, and
 * half_plus_two beside them. A further case is a further line here.
 */
import {
  type BenchModel,
  elementsOf,
  folder,
  grpc,
  HALF_PLUS_TWO,
  ramp,
  rest,
  type ServerCase,
} from './cases.js';
import type { Numbers } from './predict-message.js';

const VOCABULARY = 10_000;

const MLP = kerasModel('keras_mlp_256', 'features', [1, 64], ramp(64), 10);
const IMAGE_SHAPE = [1, 224, 224, 3];
const MOBILENET = kerasModel('mobilenet_v2', 'image', IMAGE_SHAPE, image(), 1000);
const RESNET = kerasModel('resnet50', 'image', IMAGE_SHAPE, image(), 1000);
const TOKENS = Int32Array.from(ramp(128), (share) => share * VOCABULARY);
const TRANSFORMER = kerasModel('keras_transformer', 'tokens', [1, 128], TOKENS, 10);

export const MODEL_CASES: readonly ServerCase[] = [
  rest(MLP, 32),
  grpc(MLP, 32, 'values'),
  rest(MOBILENET, 1),
  grpc(MOBILENET, 1, 'content'),
  grpc(RESNET, 1, 'content'),
  grpc(TRANSFORMER, 1, 'values'),
];

/** All in one server, to see its memory. */
export const LOADED_TOGETHER: readonly BenchModel[] = [
  HALF_PLUS_TWO,
  MLP,
  MOBILENET,
  RESNET,
  TRANSFORMER,
];

/** As Keras names things in what model.export() writes; its only input is the one given. */
function kerasModel(
  name: string,
  input: string,
  shape: readonly number[],
  values: Numbers,
  outputSize: number,
): BenchModel {
  return {
    name,
    basePath: folder(`build/bench-models/${name}`),
    version: 1,
    input,
    output: 'output_0',
    feed: `serving_default_${input}:0`,
    fetch: 'StatefulPartitionedCall_1:0',
    shape,
    values,
    expected: null,
    outputSize,
  };
}

function image(): Float32Array {
  return ramp(elementsOf(IMAGE_SHAPE));
}

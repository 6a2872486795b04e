/** Requests and replies as the cases write them down: tensors, examples, model specs, REST errors. */
import { StatusCode } from '../../../src/status/serving-error.js';
import type { GrpcCase, GrpcMethod, RestCase, Text } from './case.js';

export const { INVALID_ARGUMENT, NOT_FOUND, FAILED_PRECONDITION, UNIMPLEMENTED, INTERNAL } =
  StatusCode;

function tensor(
  dtype: string,
  field: string,
  values: readonly unknown[],
  shape?: number[],
): object {
  const dim = (shape ?? [values.length]).map((size) => ({ size: String(size) }));
  return {
    dtype,
    tensor_shape: dim.length === 0 ? {} : { dim },
    ...(values.length === 0 ? {} : { [field]: values }),
  };
}

export const floats = (values: readonly number[], shape?: number[]): object =>
  tensor('DT_FLOAT', 'float_val', values, shape);
export const doubles = (values: readonly number[], shape?: number[]): object =>
  tensor('DT_DOUBLE', 'double_val', values, shape);
export const ints = (values: readonly number[], shape?: number[]): object =>
  tensor('DT_INT32', 'int_val', values, shape);
export const bools = (values: readonly boolean[], shape?: number[]): object =>
  tensor('DT_BOOL', 'bool_val', values, shape);
export const strings = (values: readonly (string | Uint8Array)[], shape?: number[]): object =>
  tensor(
    'DT_STRING',
    'string_val',
    values.map((text) => Buffer.from(text)),
    shape,
  );

/** A tf.Example of float features. */
export function example(features: Readonly<Record<string, number>>): object {
  const feature = Object.fromEntries(
    Object.entries(features).map(([name, value]) => [name, { float_list: { value: [value] } }]),
  );
  return { features: { feature } };
}

/** An Input with one tf.Example per value of the feature x. */
export const examplesOfX = (...values: number[]): object => ({
  example_list: { examples: values.map((x) => example({ x })) },
});

/** A gRPC call that is answered. */
export function answered(method: GrpcMethod, request: object, reply: object): GrpcCase {
  return { method, request, expect: { reply } };
}

/** A gRPC call that is refused. */
export function refused(
  method: GrpcMethod,
  request: object,
  code: number,
  message: Text,
): GrpcCase {
  return { method, request, expect: { code, message } };
}

const JSON_ONLY = { 'content-type': 'application/json' };

/** A POST that is answered with exactly this body. */
export function posted(path: string, body: string, reply: string): RestCase {
  return { method: 'POST', path, body, expect: { status: 200, body: reply, headers: JSON_ONLY } };
}

/** A POST that is refused. */
export function postRefused(path: string, body: string, status: number, error: Text): RestCase {
  return { method: 'POST', path, body, expect: { status, error, headers: JSON_ONLY } };
}

/** A GET that is refused. */
export function getRefused(path: string, status: number, error: Text): RestCase {
  return { method: 'GET', path, expect: { status, error, headers: JSON_ONLY } };
}

/** The rows of one output, each printed as given, with upstream's white space. */
export const predictions = (...rows: string[]): string =>
  rows.length === 0
    ? '{\n    "predictions": []\n}'
    : `{\n    "predictions": [${rows.join(', ')}\n    ]\n}`;

/** The results of classify: a list of [label, score] per example. */
export const classified = (...rows: string[]): string =>
  `{\n    "results": [${rows.join(', ')}\n    ]\n}`;

/** The results of regress. */
export const regressed = (...values: string[]): string =>
  `{\n    "results": [${values.join(', ')}]\n}`;

/** A vector in the column format: one element a line. */
export const outputs = (...values: string[]): string =>
  `{\n    "outputs": [\n        ${values.join(',\n        ')}\n    ]\n}`;

/**
 * Writes a SavedModel with as many bytes of weights as asked for, so that no such file needs to be
 * committed: y = x · W0 · W1 · …, each a Const of 512 × 512 floats (1 MiB), x of 512 columns.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The columns of x, and of y. */
export const COLUMNS = 512;
const DT_FLOAT = 1;
const DT_INT32 = 3;
const PRODUCER = 2000; // the version of TensorFlow's graphs that writes; any recent one

const FLOATS = attribute('dtype', varint(6, DT_FLOAT));
const OF_FLOATS = attribute('T', varint(6, DT_FLOAT));
/** Of the meta graph: the op that fills variables. */
const INIT = field(
  5,
  entry('__saved_model_init_op', field(2, entry('__saved_model_init_op', field(1, 'init')))),
);

/** UNITS: MiB of weights. `folder` becomes the version's directory. */
export function writeWeightyModel(folder: string, mebibytes: number): void {
  const nodes = [node('x', 'Placeholder', [], [FLOATS])];
  for (let i = 0; i < mebibytes; ++i) {
    nodes.push(
      node(`w${i}`, 'Const', [], [FLOATS, attribute('value', weights(i))]),
      node(`y${i}`, 'MatMul', [i === 0 ? 'x' : `y${i - 1}`, `w${i}`], [OF_FLOATS]),
    );
  }
  writeModel(folder, nodes, `y${mebibytes - 1}:0`, []);
}

/**
 * The same with weights in variables, which an initialization op fills when the model is loaded: each
 * MiB takes some bytes of the folder. UNITS: MiB of weights.
 */
export function writeWeightyVariables(folder: string, mebibytes: number): void {
  const nodes = [
    node('x', 'Placeholder', [], [FLOATS]),
    ...variables([COLUMNS, COLUMNS], mebibytes),
  ];
  for (let i = 0; i < mebibytes; ++i) {
    nodes.push(node(`y${i}`, 'MatMul', [i === 0 ? 'x' : `y${i - 1}`, `r${i}`], [OF_FLOATS]));
  }
  writeModel(folder, nodes, `y${mebibytes - 1}:0`, [INIT]);
}

/**
 * The same with convolutions of one pixel, each followed by a factor for each channel and a ReLU, as
 * normalizations are: what oneDNN rearranges, once the factors are in the weights.
 */
export function writeWeightyConvolutions(folder: string, mebibytes: number): void {
  const window = Buffer.concat([1, 1, 1, 1].map((size) => varint(3, size)));
  const strides = attribute('strides', field(1, window));
  const padding = attribute('padding', field(2, 'VALID'));
  const shape = attribute('Tshape', varint(6, DT_INT32));
  const nodes = [
    node('x', 'Placeholder', [], [FLOATS]),
    node('pixels', 'Const', [], integers([-1, 1, 1, COLUMNS])),
    node('rows', 'Const', [], integers([-1, COLUMNS])),
    node('factors', 'Const', [], channels(0.5)),
    node('image', 'Reshape', ['x', 'pixels'], [OF_FLOATS, shape]),
    ...variables([1, 1, COLUMNS, COLUMNS], mebibytes),
  ];
  for (let i = 0; i < mebibytes; ++i) {
    nodes.push(
      node(
        `c${i}`,
        'Conv2D',
        [i === 0 ? 'image' : `y${i - 1}`, `r${i}`],
        [OF_FLOATS, strides, padding],
      ),
      node(`m${i}`, 'Mul', [`c${i}`, 'factors'], [OF_FLOATS]),
      node(`y${i}`, 'Relu', [`m${i}`], [OF_FLOATS]),
    );
  }
  nodes.push(node('y', 'Reshape', [`y${mebibytes - 1}`, 'rows'], [OF_FLOATS, shape]));
  writeModel(folder, nodes, 'y:0', [INIT]);
}

/** `r0`, `r1`, … read variables of these dimensions; `init` fills them. */
function variables(dims: number[], count: number): Buffer[] {
  const shape = attribute('shape', field(7, shapeOf(dims)));
  const nodes = [
    node('dims', 'Const', [], integers(dims)),
    node('value', 'Const', [], [FLOATS, attribute('value', scalar(1 / COLUMNS))]),
    node(
      'fill',
      'Fill',
      ['dims', 'value'],
      [OF_FLOATS, attribute('index_type', varint(6, DT_INT32))],
    ),
  ];
  const assigned: string[] = [];
  for (let i = 0; i < count; ++i) {
    assigned.push(`^a${i}`);
    nodes.push(
      node(
        `w${i}`,
        'VarHandleOp',
        [],
        [FLOATS, shape, attribute('shared_name', field(2, `w${i}`))],
      ),
      node(`a${i}`, 'AssignVariableOp', [`w${i}`, 'fill'], [FLOATS]),
      node(`r${i}`, 'ReadVariableOp', [`w${i}`], [FLOATS]),
    );
  }
  return [...nodes, node('init', 'NoOp', assigned, [])];
}

function writeModel(folder: string, nodes: Buffer[], y: string, more: Buffer[]): void {
  mkdirSync(folder, { recursive: true });
  const graph = [...nodes, field(4, varint(1, PRODUCER))];
  const signature = [
    field(1, entry('x', tensorInfo('x:0'))),
    field(2, entry('y', tensorInfo(y))),
    field(3, 'tensorflow/serving/predict'),
  ];
  const metaGraph = [
    field(1, field(4, 'serve')),
    field(2, ...graph),
    field(5, entry('serving_default', Buffer.concat(signature))),
    ...more,
  ];
  const model = Buffer.concat([varint(1, 1), field(2, ...metaGraph)]);
  writeFileSync(join(folder, 'saved_model.pb'), model);
}

/** The same as an ONNX file, `model.onnx` of `folder`. */
export function writeWeightyOnnx(folder: string, mebibytes: number): void {
  const numbers = Array.from({ length: mebibytes }, (_, i) => i);
  const values = (name: string): Buffer => {
    const dims = [field(1, field(2, 'rows')), field(1, varint(1, COLUMNS))];
    return Buffer.concat([
      field(1, name),
      field(2, field(1, varint(1, DT_FLOAT), field(2, ...dims))),
    ]);
  };
  const graph = [
    ...numbers.map((i) => {
      const inputs = [field(1, i === 0 ? 'x' : `y${i - 1}`), field(1, `w${i}`)];
      return field(1, ...inputs, field(2, `y${i}`), field(4, 'MatMul'));
    }),
    field(2, 'weighty'),
    ...numbers.map((i) => {
      const dims = [varint(1, COLUMNS), varint(1, COLUMNS)];
      const content = Buffer.from(matrix(i).buffer);
      return field(5, ...dims, varint(2, DT_FLOAT), field(8, `w${i}`), field(9, content));
    }),
    field(11, values('x')),
    field(12, values(`y${mebibytes - 1}`)),
  ];
  mkdirSync(folder, { recursive: true });
  const model = [varint(1, 8), field(7, ...graph), field(8, varint(2, 17))];
  writeFileSync(join(folder, 'model.onnx'), Buffer.concat(model));
}

/** A Const's attributes. */
function integers(values: number[]): Buffer[] {
  const content = Buffer.from(new Int32Array(values).buffer);
  const tensor = tensorOf(DT_INT32, [values.length], content);
  return [attribute('dtype', varint(6, DT_INT32)), attribute('value', tensor)];
}

/** A Const's attributes: one number for each channel. */
function channels(value: number): Buffer[] {
  const content = Buffer.from(new Float32Array(COLUMNS).fill(value).buffer);
  return [FLOATS, attribute('value', tensorOf(DT_FLOAT, [COLUMNS], content))];
}

function scalar(value: number): Buffer {
  return tensorOf(DT_FLOAT, [], Buffer.from(new Float32Array([value]).buffer));
}

function tensorOf(dtype: number, dims: number[], content: Buffer): Buffer {
  return field(8, varint(1, dtype), field(2, shapeOf(dims)), field(4, content));
}

function shapeOf(dims: number[]): Buffer {
  return Buffer.concat(dims.map((size) => field(2, varint(1, size))));
}

function tensorInfo(name: string): Buffer {
  return Buffer.concat([field(1, name), varint(2, DT_FLOAT), field(3, shapeOf([-1, COLUMNS]))]);
}

function weights(i: number): Buffer {
  return tensorOf(DT_FLOAT, [COLUMNS, COLUMNS], Buffer.from(matrix(i).buffer));
}

/** Half the identity matrix, so that products stay finite; `i` makes each one different. */
function matrix(i: number): Float32Array<ArrayBuffer> {
  const values = new Float32Array(COLUMNS * COLUMNS);
  for (let row = 0; row < COLUMNS; ++row) values[row * (COLUMNS + 1)] = 0.5;
  values[1] = i;
  return values;
}

function node(name: string, op: string, inputs: string[], attributes: Buffer[]): Buffer {
  const input = inputs.map((source) => field(3, source));
  return field(1, field(1, name), field(2, op), ...input, ...attributes);
}

/** NodeDef.attr; `value` is a field of AttrValue. */
function attribute(key: string, value: Buffer): Buffer {
  return field(5, entry(key, value));
}

/** A map's entry. */
function entry(key: string, value: Buffer): Buffer {
  return Buffer.concat([field(1, key), field(2, value)]);
}

/** A length-delimited field. */
function field(number: number, ...parts: (Buffer | string)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part as Buffer)));
  return Buffer.concat([base128((BigInt(number) << 3n) | 2n), base128(BigInt(body.length)), body]);
}

function varint(number: number, value: number): Buffer {
  return Buffer.concat([base128(BigInt(number) << 3n), base128(BigInt.asUintN(64, BigInt(value)))]);
}

function base128(value: bigint): Buffer {
  const bytes: number[] = [];
  for (; value >= 0x80n; value >>= 7n) bytes.push(Number(value & 0x7fn) | 0x80);
  bytes.push(Number(value));
  return Buffer.from(bytes);
}

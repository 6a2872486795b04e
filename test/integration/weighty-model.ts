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

/** UNITS: MiB of weights. `folder` becomes the version's directory. */
export function writeWeightyModel(folder: string, mebibytes: number): void {
  mkdirSync(folder, { recursive: true });
  const nodes = [node('x', 'Placeholder', [], [attribute('dtype', varint(6, DT_FLOAT))])];
  for (let i = 0; i < mebibytes; ++i) {
    const type = varint(6, DT_FLOAT);
    nodes.push(
      node(`w${i}`, 'Const', [], [attribute('dtype', type), attribute('value', weights(i))]),
      node(`y${i}`, 'MatMul', [i === 0 ? 'x' : `y${i - 1}`, `w${i}`], [attribute('T', type)]),
    );
  }
  writeModel(folder, nodes, `y${mebibytes - 1}:0`, []);
}

/**
 * The same with weights in variables, which an initialization op fills when the model is loaded: each
 * MiB takes some bytes of the folder. UNITS: MiB of weights.
 */
export function writeWeightyVariables(folder: string, mebibytes: number): void {
  mkdirSync(folder, { recursive: true });
  const dtype = attribute('dtype', varint(6, DT_FLOAT));
  const type = attribute('T', varint(6, DT_FLOAT));
  const shape = Buffer.concat([field(2, varint(1, COLUMNS)), field(2, varint(1, COLUMNS))]);
  const nodes = [
    node('x', 'Placeholder', [], [dtype]),
    node('dims', 'Const', [], constantOf(DT_INT32, [COLUMNS, COLUMNS])),
    node('value', 'Const', [], constantOf(DT_FLOAT, 1 / COLUMNS)),
    node('fill', 'Fill', ['dims', 'value'], [type, attribute('index_type', varint(6, DT_INT32))]),
  ];
  const assigned: string[] = [];
  for (let i = 0; i < mebibytes; ++i) {
    const of = [
      dtype,
      attribute('shape', field(7, shape)),
      attribute('shared_name', field(2, `w${i}`)),
    ];
    assigned.push(`^a${i}`);
    nodes.push(
      node(`w${i}`, 'VarHandleOp', [], of),
      node(`a${i}`, 'AssignVariableOp', [`w${i}`, 'fill'], [dtype]),
      node(`r${i}`, 'ReadVariableOp', [`w${i}`], [dtype]),
      node(`y${i}`, 'MatMul', [i === 0 ? 'x' : `y${i - 1}`, `r${i}`], [type]),
    );
  }
  nodes.push(node('init', 'NoOp', assigned, []));
  const init = field(2, entry('__saved_model_init_op', field(1, 'init')));
  writeModel(folder, nodes, `y${mebibytes - 1}:0`, [
    field(5, entry('__saved_model_init_op', init)),
  ]);
}

function writeModel(folder: string, nodes: Buffer[], y: string, more: Buffer[]): void {
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

/** The attributes of a small Const: two integers, or one float. */
function constantOf(dtype: number, value: number | [number, number]): Buffer[] {
  const tensor =
    typeof value === 'number'
      ? [field(2), field(4, Buffer.from(new Float32Array([value]).buffer))]
      : [field(2, field(2, varint(1, 2))), field(4, Buffer.from(new Int32Array(value).buffer))];
  const type = attribute('dtype', varint(6, dtype));
  return [type, attribute('value', field(8, varint(1, dtype), ...tensor))];
}

function tensorInfo(name: string): Buffer {
  const shape = Buffer.concat([field(2, varint(1, -1)), field(2, varint(1, COLUMNS))]);
  return Buffer.concat([field(1, name), varint(2, DT_FLOAT), field(3, shape)]);
}

/** Half the identity matrix, so that products stay finite; `i` makes each one different. */
function weights(i: number): Buffer {
  const values = new Float32Array(COLUMNS * COLUMNS);
  for (let row = 0; row < COLUMNS; ++row) values[row * (COLUMNS + 1)] = 0.5;
  values[1] = i;
  const shape = Buffer.concat([field(2, varint(1, COLUMNS)), field(2, varint(1, COLUMNS))]);
  return field(8, varint(1, DT_FLOAT), field(2, shape), field(4, Buffer.from(values.buffer)));
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

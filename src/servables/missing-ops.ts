/**
 * What to do about an op that a model needs and the process does not have: TensorFlow names the op alone, so this
 * adds the library that has it, where that is known, and the flag that brings it.
 */
import { ServingError } from '../status/serving-error.js';
import { KNOWN_OPS } from './known-ops.js';

/** What the libraries of --ops are, as their users know them. */
const LIBRARY_OF_SET: Readonly<Record<string, string>> = { text: 'TensorFlow Text' };

/** Libraries that no flag brings, by what the names of their ops begin with. */
const LIBRARIES: readonly (readonly [prefix: string, library: string])[] = [
  ['TFText>', 'another version of TensorFlow Text'],
  ['SimpleML', 'TensorFlow Decision Forests'],
  ['Sentencepiece', 'tf_sentencepiece'],
  ['Addons>', 'TensorFlow Addons'],
  ['TFRA>', 'TensorFlow Recommenders Addons'],
  ['Scann>', 'ScaNN'],
  ['IO>', 'TensorFlow I/O'],
];

const UNREGISTERED = /Op type not registered '([^']+)'/;

/**
 * The error of a load, in one line that says what to do where it is about a missing op; every other error as it is.
 * The code stays TensorFlow's.
 */
export function explainMissingOp(error: unknown, tensorflowVersion: () => string): unknown {
  if (!(error instanceof ServingError)) return error;
  const op = UNREGISTERED.exec(error.message)?.[1];
  if (op === undefined) return error;
  const message = `Op type not registered '${op}': ${whereToFind(op, tensorflowVersion())}`;
  return new ServingError(error.code, message, error.violations, { cause: error });
}

function whereToFind(op: string, version: string): string {
  const set = Object.keys(KNOWN_OPS).find((name) => KNOWN_OPS[name]?.includes(op));
  if (set !== undefined) {
    return `it is an op of ${LIBRARY_OF_SET[set]}; start the server with --ops=${set}`;
  }
  const library = LIBRARIES.find(([prefix]) => op.startsWith(prefix))?.[1];
  const flag = '--custom_op_libraries=FILE.so';
  return library === undefined
    ? `neither TensorFlow ${version} nor a loaded op library has it; give the library that has it with ${flag}`
    : `it is an op of ${library}; give a build of it for TensorFlow ${version} with ${flag}`;
}

/**
 * The model files of examples/plugins/trees/fixtures with what their packages predict, made by make-models.py
 * there with xgboost 3.2.0 and lightgbm 4.7.0 on numpy 2.4.6 and Python 3.11. The interop tests make many more.
 */
import { readdirSync, readFileSync } from 'node:fs';

import type { FloatArray } from '../../../../../examples/plugins/trees/src/ensemble.js';

const FOLDER = 'examples/plugins/trees/fixtures';
const EXPECTED = '.expected.json';

export interface Fixture {
  readonly file: Buffer;
  /** How many rows there are. */
  readonly n: number;
  readonly rows: FloatArray;
  /** Flat. */
  readonly predictions: readonly number[];
  readonly margins: readonly number[];
  readonly leaves: readonly number[];
}

export const FIXTURES: readonly string[] = readdirSync(FOLDER)
  .filter((file) => file.endsWith(EXPECTED))
  .map((file) => file.slice(0, -EXPECTED.length));

/** What JSON has no number for: null is NaN, and infinity a text. */
type Written = number | string | null;

export function fixture(name: string): Fixture {
  const expected = JSON.parse(readFileSync(`${FOLDER}/${name}${EXPECTED}`, 'utf8')) as {
    readonly model: string;
    readonly features: readonly (readonly Written[])[];
    readonly predictions: readonly (readonly number[])[];
    readonly margins: readonly (readonly number[])[];
    readonly leaves: readonly (readonly number[])[];
  };
  const rows = expected.features.flat().map((value) => (value === null ? NaN : Number(value)));
  return {
    file: readFileSync(`${FOLDER}/${expected.model}`),
    n: expected.features.length,
    rows: name.startsWith('xgboost') ? Float32Array.from(rows) : Float64Array.from(rows),
    predictions: expected.predictions.flat(),
    margins: expected.margins.flat(),
    leaves: expected.leaves.flat(),
  };
}

/** The fixture's file, as text, with one change that must be there to make. */
export function changed(name: string, from: string | RegExp, to: string): Buffer {
  const text = fixture(name).file.toString('utf8');
  const result = text.replace(from, to);
  if (result === text) throw new Error(`${name} has no ${String(from)}`);
  return Buffer.from(result);
}

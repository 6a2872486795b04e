/**
 * Model files at random: bytes changed, cut, spliced and repeated, and lists of JSON with one number changed. A file is
 * refused with a ModelFileError, or gives a model that answers.
 */
import assert from 'node:assert/strict';

import { ModelFileError } from '../../../../../examples/plugins/trees/src/model-file-error.js';
import { readTreeModel } from '../../../../../examples/plugins/trees/src/read-tree-model.js';
import { mutate } from '../../../../wire/mutation.js';
import { seededRandom, type Random } from '../../../../wire/random.js';
import { fixture, FIXTURES } from './fixtures.js';

const SEED = 20;
const FILES = 3_000;
/** A model that says it has more features is not asked: its rows would be large. */
const MOST_FEATURES = 100_000;

const NUMBERS = [
  '-1',
  '0',
  '1',
  '7',
  '13',
  '2147483647',
  '-2147483648',
  '4294967295',
  '1e308',
  'NaN',
];
const ODD = [...NUMBERS, 'inf', '-inf', '0.5', '""', '', '[]', 'null', 'true', '1E-45'];

/** One number of the text becomes another, or something else: what keeps the rest readable. */
function withOddNumber(random: Random, file: Buffer): Buffer {
  const text = file.toString('latin1');
  const numbers = [...text.matchAll(/-?\d+(\.\d+)?(e-?\d+)?/gi)];
  if (numbers.length === 0) return file;
  const { index, 0: found } = random.pick(numbers);
  const changed = text.slice(0, index) + random.pick(ODD) + text.slice(index + found.length);
  return Buffer.from(changed, 'latin1');
}

/** How it ended. */
function tryFile(file: Buffer, random: Random): 'refused' | 'answered' {
  let model;
  try {
    model = readTreeModel(file);
  } catch (error) {
    if (!(error instanceof ModelFileError)) throw error;
    assert.match(error.message, /^.+: expected .+, got .+$/s);
    return 'refused';
  }
  const { features, trees, groups, outputs } = model;
  if (features > MOST_FEATURES) return 'answered';
  const values = [NaN, 0, -1, 3.5, Infinity, 1e9];
  const rows = Float64Array.from({ length: features }, () => random.pick(values));
  const leaves = new Int32Array(trees);
  model.leaves(rows, 1, leaves);
  assert.ok(leaves.every((leaf) => leaf >= 0));
  model.predict(rows, 1, new Float64Array(outputs));
  const margins = new Float64Array(groups);
  model.margins(rows, 1, margins);
  assert.ok(!margins.some(Number.isNaN) || /1e308/.test(file.toString('latin1')));
  return 'answered';
}

describe('model files at random', () => {
  it('are refused with a reason, or answer', () => {
    const random = seededRandom(SEED);
    const files = FIXTURES.map((name) => fixture(name).file);
    const ends = { refused: 0, answered: 0 };
    for (let i = 0; i < FILES; ++i) {
      const file = i % 2 === 0 ? mutate(random, files) : withOddNumber(random, random.pick(files));
      try {
        ++ends[tryFile(file, random)];
      } catch (error) {
        throw new Error(`seed ${SEED}, file ${i}`, { cause: error });
      }
    }
    // Neither is an accident of the seed.
    assert.ok(ends.refused > FILES / 10, JSON.stringify(ends));
    assert.ok(ends.answered > FILES / 10, JSON.stringify(ends));
  });
});

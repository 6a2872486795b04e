/** The bench's sums and tables: what a reader of its figures relies on. */
import assert from 'node:assert/strict';
import { parseCpuList } from '../../../bench/cores.js';
import { formatCount, formatMicros, formatRatio, formatTable } from '../../../bench/report.js';
import { median } from '../../../bench/statistics.js';

describe('median', () => {
  it('is the middle of an odd number of values, in any order', () => {
    assert.equal(median([9, 1, 5]), 5);
    assert.equal(median([7]), 7);
  });

  it('is the mean of the two middle ones of an even number', () => {
    assert.equal(median([10, 1, 3, 4]), 3.5);
  });

  it('refuses an empty list', () => {
    assert.throws(() => median([]), RangeError);
  });
});

describe('parseCpuList', () => {
  it('reads single CPUs and ranges', () => {
    assert.deepEqual(parseCpuList('0-2,5,8-9'), [0, 1, 2, 5, 8, 9]);
    assert.deepEqual(parseCpuList('3'), [3]);
  });
});

describe('formatTable', () => {
  it('aligns the first column left and the others right, under a ruled head', () => {
    const table = formatTable([
      ['case', 'req/s'],
      ['a longer case', '7'],
    ]);
    assert.equal(table, 'case           req/s\n-------------  -----\na longer case      7\n');
  });
});

describe('formatting of figures', () => {
  it('groups thousands and keeps three digits of small counts', () => {
    assert.equal(formatCount(12_345.6), '12,346');
    assert.equal(formatCount(1.2345), '1.23');
  });

  it('chooses the unit of a time', () => {
    assert.deepEqual([0.1234, 85.25, 2540, 3_100_000].map(formatMicros), [
      '0.123 µs',
      '85.3 µs',
      '2.54 ms',
      '3.10 s',
    ]);
  });

  it('shows a dash for a ratio to nothing', () => {
    assert.equal(formatRatio(5, null), '-');
    assert.equal(formatRatio(5, 0), '-');
    assert.equal(formatRatio(5, 20), '0.250');
  });
});

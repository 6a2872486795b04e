import assert from 'node:assert/strict';

import { table } from '../../../src/cli/table.js';

describe('table', () => {
  it('aligns columns two blanks apart and ends lines with their last letter', () => {
    const text = table([
      ['MODEL', 'VERSION', 'LABELS'],
      ['m', '12', ''],
      ['longer-name', '3', 'stable'],
    ]);
    assert.equal(
      text,
      'MODEL        VERSION  LABELS\nm            12\nlonger-name  3        stable\n',
    );
  });

  it('takes rows of different lengths', () => {
    assert.equal(table([['a'], ['bb', 'c']]), 'a\nbb  c\n');
  });

  it('is empty without rows', () => {
    assert.equal(table([]), '');
  });
});

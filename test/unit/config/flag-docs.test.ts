import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { FLAG_TABLE, type FlagSpec } from '../../../src/config/flag-table.js';

const PAGE = new URL('../../../../docs/flags.md', import.meta.url);

describe('docs/flags.md', () => {
  const rows = readFileSync(PAGE, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `--'));
  const named = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`--(\w+)`/g)]);
  const documented = named.map((match) => match[1] ?? '').sort();

  it('names every flag that has an effect, once, and no other', () => {
    const served = (FLAG_TABLE as readonly FlagSpec[])
      .filter(({ effect, name }) => effect === 'served' && name !== 'version')
      .map(({ name }) => name)
      .sort();
    assert.deepEqual(documented, served);
  });
});

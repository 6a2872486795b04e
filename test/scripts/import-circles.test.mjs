/** Circles of imports, as npm run check looks for them. */
import assert from 'node:assert/strict';
import { importCircles } from '../../scripts/import-circles.mjs';

/** @param {Record<string, string>} files */
const circlesOf = (files) => importCircles(new Map(Object.entries(files)));

describe('circles of imports', () => {
  it('are told once, with every file on the way', () => {
    const files = {
      'src/a/one.ts': "import { two } from './two.js';",
      'src/a/two.ts': "import { three } from '../b/three.js';",
      'src/b/three.ts': "import { one } from '../a/one.js';",
    };
    assert.deepEqual(circlesOf(files), [
      'src/a/one.ts → src/a/two.ts → src/b/three.ts → src/a/one.ts',
    ]);
  });

  it('are closed by types, by what is exported again and by what is imported later', () => {
    for (const back of [
      "import type { One } from './one.js';",
      "export { one } from './one.js';",
      "const later = () => import('./one.js');",
    ]) {
      const files = { 'src/one.ts': "import { two } from './two.js';", 'src/two.ts': back };
      assert.deepEqual(circlesOf(files), ['src/one.ts → src/two.ts → src/one.ts'], back);
    }
  });

  it('are none where two ways lead to one file, or out of the files', () => {
    const files = {
      'src/top.ts': "import './left.js'; import './right.js'; import 'node:fs';",
      'src/left.ts': "import './leaf.js'; // import './top.js'",
      'src/right.ts': "import './leaf.js'; import '../other/top.js';",
      'src/leaf.ts': '',
    };
    assert.deepEqual(circlesOf(files), []);
  });
});

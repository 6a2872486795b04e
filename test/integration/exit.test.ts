/**
 * A process that exits while OpenVINO compiles, for which nobody waits, ends with the code that it chose: exit() takes
 * libraries down, and a thread inside one then crashes, as two of three runs of this test did.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { openVinoLibrary } from '../wire/openvino.js';
import { COLUMNS, writeWeightyVariables } from './weighty-model.js';

const MODELS = new URL('models.js', import.meta.url).href;
const CODE = 7;
const EXITS = 10;
const MODEL_MIB = 12;

const program = (path: string, library: string, millis: number): string => `
  import { loadForOpenVino, predictJson } from '${MODELS}';
  const model = await loadForOpenVino('${path}', '${library}');
  const row = new Array(${COLUMNS}).fill(1);
  // The second run of a shape has it compiled.
  for (const rows of [[row, row], [row, row]]) await predictJson(model, JSON.stringify({ instances: rows }));
  setTimeout(() => process.exit(${CODE}), ${millis});`;

describe('A process that exits while a shape is compiled', function () {
  this.timeout(120_000);

  it('ends with its own code', function () {
    const library = openVinoLibrary();
    if (library === null) {
      Object.assign(this.test ?? {}, { skipReason: 'OpenVINO cannot be had' });
      this.skip();
    }
    const path = mkdtempSync(join(tmpdir(), 'tensorgate-exit-'));
    writeWeightyVariables(path, MODEL_MIB);
    try {
      for (let exit = 0; exit < EXITS; ++exit) {
        const source = program(path, library, 15 * exit);
        const arguments_ = ['--input-type=module', '-e', source];
        const { status, signal, stderr } = spawnSync(process.execPath, arguments_, {
          encoding: 'utf8',
        });
        assert.deepEqual({ status, signal }, { status: CODE, signal: null }, stderr);
      }
    } finally {
      rmSync(path, { recursive: true });
    }
  });
});

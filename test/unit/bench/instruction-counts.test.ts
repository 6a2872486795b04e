/** The regression gate: it fails when counts grow, and says why where it compares nothing. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Baselines,
  compareCounts,
  type GateResult,
  runInstructions,
} from '../../../bench/instruction-counts.js';

/** Like codec_micro and valgrind: 5,000 instructions to start, 200 for each iteration of "decode". */
const PROGRAM = `#!/bin/sh
echo '{"combination": "cc 1, x86_64", "cases": [{"name": "decode", "iterations": 10}]}'
`;
const VALGRIND = `#!/bin/sh
for argument; do case $argument in --iterations=*) n=\${argument#*=};; esac; done
echo "==1== Collected : $((5000 + 200 * \${n:-0}))" >&2
`;

describe('the gate on instruction counts', () => {
  let folder = '';
  let printed = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-gate-'));
    for (const [name, script] of Object.entries({ program: PROGRAM, valgrind: VALGRIND })) {
      writeFileSync(join(folder, name), script);
      chmodSync(join(folder, name), 0o755);
    }
  });
  after(() => rmSync(folder, { recursive: true }));
  beforeEach(() => (printed = ''));

  function run(baselines: Baselines, valgrind = 'valgrind', update = false): Promise<GateResult> {
    const baselineFile = join(folder, 'baseline.json');
    writeFileSync(baselineFile, JSON.stringify(baselines));
    return runInstructions({
      update,
      print: (text) => (printed += text),
      program: join(folder, 'program'),
      valgrind: join(folder, valgrind),
      baselineFile,
    });
  }

  it('passes where the counts are those of the baseline, start-up left out', async () => {
    const result = await run({ 'cc 1, x86_64': { decode: 200 } });
    assert.deepEqual(result, { passed: true, skipped: null, problems: [] });
    assert.match(printed, /decode +200 +200 +\+0\.0 %/);
  });

  it('fails where a count has grown by more than 3 %, and tells how to renew', async () => {
    const result = await run({ 'cc 1, x86_64': { decode: 190 } });
    assert.equal(result.passed, false);
    assert.equal(result.problems.length, 1);
    assert.match(
      result.problems[0] ?? '',
      /^decode: 200 instructions, \+5\.3 % .*'s 190; .*--update$/,
    );
  });

  it('passes without a baseline for this compiler, and says so', async () => {
    const result = await run({ 'cc 2, x86_64': { decode: 1 } });
    assert.equal(result.passed, true);
    assert.match(result.skipped ?? '', /^no baseline for cc 1, x86_64; .*--update$/);
    assert.match(printed, /skipped: no baseline/);
  });

  it('passes without valgrind, and says so', async () => {
    const result = await run({ 'cc 1, x86_64': { decode: 1 } }, 'nowhere');
    assert.equal(result.passed, true);
    assert.match(result.skipped ?? '', /no .*nowhere; .*apt-get install valgrind/);
  });

  it('renews the baseline of this compiler and leaves the others', async () => {
    const result = await run({ 'cc 2, x86_64': { decode: 1 } }, 'valgrind', true);
    assert.equal(result.passed, true);
    assert.deepEqual(JSON.parse(readFileSync(join(folder, 'baseline.json'), 'utf8')), {
      'cc 1, x86_64': { decode: 200 },
      'cc 2, x86_64': { decode: 1 },
    });
  });
});

describe('compared counts', () => {
  it('may grow by 3 % and shrink without limit', () => {
    assert.deepEqual(compareCounts({ a: 103, b: 10 }, { a: 100, b: 100 }).problems, []);
    assert.equal(compareCounts({ a: 104 }, { a: 100 }).problems.length, 1);
  });

  it('must have a counterpart', () => {
    const { problems } = compareCounts({ a: 1 }, { b: 1 });
    assert.deepEqual(
      problems.map((problem) => problem.split(';')[0]),
      ['a: new', 'b: gone'],
    );
  });
});

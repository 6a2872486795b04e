/**
 * Microseconds for one row of models of 1,000 trees, beside the Python packages on the same models and rows:
 *   node examples/plugins/trees/bench.mjs [PYTHON]
 * PYTHON has xgboost and lightgbm; without it the virtual environment of the interop tests is made.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setup } from '../../../scripts/setup.mjs';
import { packageRoot } from '../../../scripts/setup/layout.mjs';
import { pythonClient } from '../../../scripts/testing/python-client.mjs';

const ROUNDS = 25;
const MODELS = [
  ['xgboost', 'xgboost.json'],
  ['lightgbm', 'lightgbm.txt'],
];
const FOLDER = join(packageRoot, 'build', 'bench-trees');

await setup({ scope: 'typescript' });
const python = process.argv[2] ?? (await pythonClient());
const maker = fileURLToPath(new URL('bench-models.py', import.meta.url));
const { status } = spawnSync(python, [maker, FOLDER], { stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);

const { readTreeModel } = await import(
  join(packageRoot, 'dist/examples/plugins/trees/src/read-tree-model.js')
);
const rows = readJson('rows.json');
const figures = readJson('python.json');
for (const [name, file] of MODELS) {
  const bytes = readFileSync(join(FOLDER, file));
  const start = performance.now();
  const model = readTreeModel(bytes);
  const loaded = performance.now() - start;
  const size = (bytes.length / 2 ** 20).toFixed(1);
  console.log(`\n${name}: ${model.trees} trees, ${size} MiB, read in ${loaded.toFixed(0)} ms`);
  for (const [call, micros] of Object.entries({ ...figures[name], ...ours(model) })) {
    console.log(`${micros.toFixed(1).padStart(10)} µs/row  ${call}`);
  }
}

/** @param {string} file @returns {any} */
function readJson(file) {
  return JSON.parse(readFileSync(join(FOLDER, file), 'utf8'));
}

/** @param {any} model @returns {Record<string, number>} by what was called */
function ours(model) {
  const { dtype } = model.signatures.serving_default.inputs.features;
  const Values = dtype === 'DT_FLOAT' ? Float32Array : Float64Array;
  const singles = rows.map((/** @type {number[]} */ row) => Values.from(row));
  const all = Values.from(rows.flat());
  const out = new Values(rows.length);
  return {
    'ours, a row at a time': fastest(() => {
      for (const row of singles) model.predict(row, 1, out);
    }),
    [`ours, ${rows.length} rows at once`]: fastest(() => model.predict(all, rows.length, out)),
  };
}

/** Of several rounds, since other load only adds. @param {() => void} run of all rows @returns {number} */
function fastest(run) {
  const times = Array.from({ length: ROUNDS }, () => {
    const start = performance.now();
    run();
    return ((performance.now() - start) * 1000) / rows.length;
  });
  return Math.min(...times);
}

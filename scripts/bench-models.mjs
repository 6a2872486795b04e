/** The models of the bench, made on first use and when their makers change: build/bench-models. */
import { join } from 'node:path';
import { fingerprint, readStamp, writeStamp } from './setup/fingerprint.mjs';
import { packageRoot } from './setup/layout.mjs';
import { runLogged } from './setup/progress.mjs';
import { pythonClient } from './testing/python-client.mjs';

const MAKER = join('scripts', 'make-bench-models.py');
const SOURCES = [
  MAKER,
  ...['bench_keras_models.py', 'bench_tables.py', 'savedmodel_writer.py'].map((file) =>
    join('scripts', file),
  ),
];
const FOLDER = join(packageRoot, 'build', 'bench-models');

/**
 * Throws where TensorFlow for Python cannot be had.
 * @param {string} part of the bench: batching, models or tables
 */
export async function makeBenchModels(part) {
  const stamp = join(FOLDER, `${part}.stamp`);
  const wanted = fingerprint(packageRoot, SOURCES);
  if (readStamp(stamp) === wanted) return;
  const python = await pythonClient();
  const log = join(packageRoot, 'build', 'logs', `bench-models-${part}.log`);
  const args = [join(packageRoot, MAKER), FOLDER, part];
  await runLogged(`making the models of the bench's part ${part}`, log, python, args);
  writeStamp(stamp, wanted);
}

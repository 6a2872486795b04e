/** The models of the bench's batching part, made on first use and when their maker changes: build/bench-models. */
import { join } from 'node:path';
import { fingerprint, readStamp, writeStamp } from './setup/fingerprint.mjs';
import { packageRoot } from './setup/layout.mjs';
import { runLogged } from './setup/progress.mjs';
import { pythonClient } from './testing/python-client.mjs';

const MAKER = join('scripts', 'make-bench-models.py');
const FOLDER = join(packageRoot, 'build', 'bench-models');

/** Throws where TensorFlow for Python cannot be had. */
export async function makeBenchModels() {
  const stamp = join(FOLDER, 'made-by.stamp');
  const wanted = fingerprint(packageRoot, [MAKER, join('scripts', 'savedmodel_writer.py')]);
  if (readStamp(stamp) === wanted) return;
  const python = await pythonClient();
  const log = join(packageRoot, 'build', 'logs', 'bench-models.log');
  const args = [join(packageRoot, MAKER), FOLDER];
  await runLogged('making the models of the bench', log, python, args);
  writeStamp(stamp, wanted);
}

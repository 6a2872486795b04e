/**
 * npm run bench: sets everything up, builds the bench's native programs, then measures. The batching part
 * also makes its models; where TensorFlow for Python cannot be had, it is skipped.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeBenchModels } from './bench-models.mjs';
import { exitWith, setup } from './setup.mjs';
import { packageRoot } from './setup/layout.mjs';
import { buildBenchPrograms } from './testing/bench-programs.mjs';

const { values } = parseArgs({ options: { part: { type: 'string' } }, strict: false });
let skipped = '';
try {
  process.env.TENSORGATE_ADDON = await setup();
  buildBenchPrograms(['loadgen', 'raw_run', 'codec_micro']);
} catch (error) {
  exitWith(error);
}
if (values.part === 'batching') {
  await makeBenchModels().catch((error) => (skipped = error.message));
}
if (skipped === '') {
  const bench = join(packageRoot, 'dist', 'bench', 'main.js');
  const { status } = spawnSync(process.execPath, [bench, ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
} else {
  console.log(`batching: skipped, its models cannot be made: ${skipped}`);
}

/** npm run bench: sets everything up, builds the bench's native programs, then measures. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { exitWith, setup } from './setup.mjs';
import { packageRoot } from './setup/layout.mjs';
import { buildBenchPrograms } from './testing/bench-programs.mjs';

try {
  process.env.TENSORGATE_ADDON = await setup();
  buildBenchPrograms(['loadgen', 'raw_run', 'codec_micro']);
} catch (error) {
  exitWith(error);
}
const bench = join(packageRoot, 'dist', 'bench', 'main.js');
const { status } = spawnSync(process.execPath, [bench, ...process.argv.slice(2)], {
  stdio: 'inherit',
});
process.exitCode = status ?? 1;

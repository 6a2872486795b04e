/** npm run live: sets everything up, builds the load generator, then changes versions under load. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { exitWith, setup } from './setup.mjs';
import { packageRoot } from './setup/layout.mjs';
import { buildBenchPrograms } from './testing/bench-programs.mjs';

try {
  process.env.TENSORGATE_ADDON = await setup();
  buildBenchPrograms(['loadgen']);
} catch (error) {
  exitWith(error);
}
const live = join(packageRoot, 'dist', 'test', 'live', 'main.js');
const { status } = spawnSync(process.execPath, [live, ...process.argv.slice(2)], {
  stdio: 'inherit',
});
process.exitCode = status ?? 1;

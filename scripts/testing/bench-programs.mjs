/** Builds native programs of bench/ in build/bench; quiet while it works, its output the error otherwise. */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../setup/layout.mjs';

/** @param {readonly string[]} programs */
export function buildBenchPrograms(programs) {
  if (programs.length === 0) return;
  const folder = join(packageRoot, 'build', 'bench');
  // Measured is what a start without a compiler cache builds.
  const options = ['-DTENSORGATE_BENCH=ON', '-DTENSORGATE_BATCHES=ON'];
  run('cmake', ['-S', packageRoot, '-B', folder, ...options]);
  const jobs = process.env.CMAKE_BUILD_PARALLEL_LEVEL ?? String(availableParallelism());
  run('cmake', ['--build', folder, '--parallel', jobs, '--target', ...programs]);
}

/** @param {string} command @param {string[]} args */
function run(command, args) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw error ?? new Error(`${command} ${args.join(' ')}\n${stdout}${stderr}`);
}

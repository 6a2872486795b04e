/**
 * npm run bench: reads the command line (bench/command-line.ts), sets up what its parts need, then measures.
 * A part whose models cannot be made, because TensorFlow for Python cannot be had, is skipped.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { makeBenchModels } from './bench-models.mjs';
import { exitWith, setup } from './setup.mjs';
import { packageRoot } from './setup/layout.mjs';
import { ensureOpenVino } from './setup/openvino.mjs';
import { SetupError } from './setup/progress.mjs';
import { buildBenchPrograms } from './testing/bench-programs.mjs';

const args = process.argv.slice(2);
/** @type {string[]} */
const skipped = [];
try {
  await setup({ scope: 'typescript' });
  const { HELP, needsOf, parseCommandLine } = await import(compiled('command-line.js'));
  const options = refusing(() => parseCommandLine(args));
  if (options === null) {
    process.stdout.write(HELP);
    process.exit(0);
  }
  const needs = needsOf(options.parts);
  if (needs.addon) process.env.TENSORGATE_ADDON = await setup();
  buildBenchPrograms([...needs.programs, ...(options.openVinoLoop ? ['openvino_run'] : [])]);
  if (options.openVinoLoop) process.env.TENSORGATE_BENCH_OPENVINO = await ensureOpenVino();
  for (const part of needs.modelsFor) {
    await makeBenchModels(part).catch((error) => {
      skipped.push(part);
      console.log(`${part}: skipped, its models cannot be made: ${error.message}`);
    });
  }
  if (options.parts.some((/** @type {string} */ part) => !skipped.includes(part))) measure();
} catch (error) {
  exitWith(error);
}

function measure() {
  const without = skipped.length === 0 ? [] : [`--without=${skipped.join(',')}`];
  const command = [compiled('main.js'), ...args, ...without];
  const { status } = spawnSync(process.execPath, command, { stdio: 'inherit' });
  process.exitCode = status ?? 1;
}

/** @param {string} file */
function compiled(file) {
  return join(packageRoot, 'dist', 'bench', file);
}

/**
 * What the command line refuses is the person's to mend: its text is enough.
 * @template T
 * @param {() => T} parse
 */
function refusing(parse) {
  try {
    return parse();
  } catch (error) {
    throw new SetupError(`${error instanceof Error ? error.message : error}\n(--help lists all)`);
  }
}

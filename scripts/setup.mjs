/**
 * Sets up a checkout: prerequisites, npm packages, libtensorflow, addon, TypeScript. A further run finds
 * by content what has changed, and does only that.
 *   node scripts/setup.mjs [--tests | --typescript-only | --native-only]
 * --native-only is for an installed package too: it sets up the native parts, with the op libraries that
 * TENSORGATE_OPS names and, with TENSORGATE_OPENVINO=1, OpenVINO, and prints the addon's path.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isCheckout, nativeLayout, packageRoot } from './setup/layout.mjs';
import { withLock } from './setup/lock.mjs';
import { ensureAddon } from './setup/native.mjs';
import { ensureOpenVino } from './setup/openvino.mjs';
import { ensureOps, opsOfEnvironment } from './setup/ops.mjs';
import { checkPrerequisites } from './setup/prerequisites.mjs';
import { endChildrenOnSignals, say, seconds, SetupError } from './setup/progress.mjs';
import { addon, addonPath, dependencies, libtensorflow, typescript } from './setup/steps.mjs';

/**
 * @param {{tests?: boolean, scope?: 'all' | 'typescript' | 'libtensorflow'}} [options]
 * @returns {Promise<string>} the addon's path
 */
export async function setup({ tests = false, scope = 'all' } = {}) {
  const start = Date.now();
  const layout = nativeLayout();
  // Side by side: what waits for the network, and what compiles.
  const lanes = {
    all: [[dependencies, typescript], [libtensorflow(layout)]],
    typescript: [[dependencies, typescript]],
    libtensorflow: [[libtensorflow(layout)]],
  }[scope];
  const last = scope === 'all' ? [addon(layout)] : [];
  const steps = [...lanes.flat(), ...last];
  const ready = steps.every((step) => step.done());
  if (!ready || tests) {
    const native = scope !== 'typescript';
    const index = native && !process.env.LIBTENSORFLOW_PATH;
    await checkPrerequisites({ compiler: native, index, tests });
    say(`prerequisites: all there (${seconds(start)})`);
  }
  if (!ready) {
    const release = endChildrenOnSignals();
    try {
      await withLock(join(packageRoot, 'build'), async () => {
        const ends = await Promise.allSettled(lanes.map(runSteps));
        for (const end of ends) if (end.status === 'rejected') throw end.reason;
        await runSteps(last);
      });
    } finally {
      release();
    }
  }
  say(`${ready ? 'all up to date' : 'all done'} (${seconds(start)})`);
  return addonPath(layout);
}

/** @param {readonly import('./setup/steps.mjs').Step[]} steps */
async function runSteps(steps) {
  for (const step of steps) {
    if (step.done()) say(`${step.name}: up to date`);
    else await step.run();
  }
}

/** @param {unknown} error @returns {never} */
export function exitWith(error) {
  say(
    `error: ${error instanceof SetupError ? error.message : (error instanceof Error && error.stack) || error}`,
  );
  process.exit(1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const flags = new Set(process.argv.slice(2));
  try {
    if (flags.has('--native-only')) {
      console.log(await ensureAddon());
      await ensureOps(opsOfEnvironment());
      if (process.env.TENSORGATE_OPENVINO === '1') await ensureOpenVino();
    } else if (isCheckout) {
      const scope = flags.has('--typescript-only') ? 'typescript' : 'all';
      await setup({ tests: flags.has('--tests'), scope });
    }
  } catch (error) {
    exitWith(error);
  }
}

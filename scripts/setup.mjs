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
import {
  addon,
  addonPath,
  dependencies,
  libtensorflow,
  serverTypescript,
  typescript,
} from './setup/steps.mjs';

/** @typedef {[import('./setup/steps.mjs').Step, import('./setup/steps.mjs').Step[]][]} Order steps, with what they need */

/**
 * @param {object} [options]
 * @param {boolean} [options.tests] asks for what they need, too
 * @param {'all' | 'typescript' | 'libtensorflow'} [options.scope]
 * @param {'all' | 'server'} [options.sources] the TypeScript that is compiled
 * @returns {Promise<string>} the addon's path
 */
export async function setup({ tests = false, scope = 'all', sources = 'all' } = {}) {
  const start = Date.now();
  const layout = nativeLayout();
  const library = libtensorflow(layout);
  const compiled = sources === 'all' ? typescript : serverTypescript;
  /** @type {Record<typeof scope, Order>} */
  const orders = {
    all: [
      [dependencies, []],
      [library, []],
      [compiled, [dependencies]],
      [addon(layout), [dependencies, library]],
    ],
    typescript: [
      [dependencies, []],
      [compiled, [dependencies]],
    ],
    libtensorflow: [[library, []]],
  };
  const order = orders[scope];
  const steps = order.map(([step]) => step);
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
      await withLock(join(packageRoot, 'build'), () => runInOrder(order));
    } finally {
      release();
    }
  }
  say(`${ready ? 'all up to date' : 'all done'} (${seconds(start)})`);
  return addonPath(layout);
}

/** Each as soon as what it needs is done: the network and two compilers wait for one another. @param {Order} order */
async function runInOrder(order) {
  /** @type {Map<import('./setup/steps.mjs').Step, Promise<void>>} */
  const runs = new Map();
  for (const [step, needs] of order) {
    const needed = Promise.all(needs.map((each) => runs.get(each)));
    runs.set(
      step,
      needed.then(() => (step.done() ? say(`${step.name}: up to date`) : step.run())),
    );
  }
  for (const end of await Promise.allSettled(runs.values())) {
    if (end.status === 'rejected') throw end.reason;
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

/**
 * Finds the native parts for the installed package, or sets them up on the first start. The path of the
 * addon goes to the server in the environment variable TENSORGATE_ADDON; nothing else looks for it.
 *
 * The order: TENSORGATE_NATIVE_DIR (holds build/Release/tensorgate.node with libtensorflow where its rpath
 * points); the packages for this platform (prebuilt.mjs), whose libtensorflow is fetched where it is not among
 * them; what is built from the sources, in a checkout or, of `npm pack` there, in the user's cache.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { hasSources, nativeLayout } from './layout.mjs';
import { withLock } from './lock.mjs';
import {
  ADDON_PACKAGE,
  addonBeside,
  findsBeside,
  libraryPackage,
  prebuiltAddon,
} from './prebuilt.mjs';
import { checkPrerequisites } from './prerequisites.mjs';
import { endChildrenOnSignals, say, seconds, SetupError } from './progress.mjs';
import { addon, addonPath, libtensorflow } from './steps.mjs';

/** @typedef {{done: () => boolean, run: () => Promise<void>}} Step */

/**
 * @typedef {object} Plan
 * @property {string} path of the addon, once all steps are done
 * @property {string} folder for the lock and the logs
 * @property {Step[]} steps
 * @property {boolean} compiles
 * @property {boolean} fetches
 */

/** @returns {Plan} @throws SetupError where there is no way to an addon */
function plan() {
  const given = process.env.TENSORGATE_NATIVE_DIR;
  if (given) {
    const path = join(given, 'build', 'Release', 'tensorgate.node');
    if (!existsSync(path)) {
      throw new SetupError(`TENSORGATE_NATIVE_DIR=${given} lacks build/Release/tensorgate.node`);
    }
    return { path, folder: given, steps: [], compiles: false, fetches: false };
  }
  return prebuiltPlan() ?? sourcePlan();
}

/** @returns {Plan | undefined} */
function prebuiltPlan() {
  const prebuilt = prebuiltAddon();
  if (!prebuilt) return undefined;
  const layout = nativeLayout(prebuilt.addon);
  const { folder } = layout;
  const packaged = process.env.LIBTENSORFLOW_PATH ? undefined : libraryPackage();
  if (packaged && findsBeside(prebuilt.addon, packaged)) {
    return { path: prebuilt.addon, folder, steps: [], compiles: false, fetches: false };
  }
  const library = packaged ?? layout.libtensorflow;
  const { path, done, place } = addonBeside(prebuilt.addon, folder, library);
  const fetched = packaged ? [] : [libtensorflow(layout)];
  const placed = { done, run: async () => place() };
  return { path, folder, steps: [...fetched, placed], compiles: false, fetches: !packaged };
}

/** @returns {Plan} */
function sourcePlan() {
  if (!hasSources) {
    throw new SetupError(
      `there is no ${ADDON_PACKAGE} beside this package: npm leaves it out with --omit=optional and --no-optional, ` +
        'and there are only linux-x64-gnu and linux-arm64-gnu; on others a checkout builds it (npm start)',
    );
  }
  const layout = nativeLayout();
  const steps = [libtensorflow(layout), addon(layout)];
  return { path: addonPath(layout), folder: layout.folder, steps, compiles: true, fetches: true };
}

/**
 * @returns {string | undefined} absolute path of tensorgate.node, ready to be loaded; undefined where it
 *   must be set up first. @throws SetupError where it cannot be
 */
export function resolveAddon() {
  const { path, steps } = plan();
  return steps.every((step) => step.done()) ? path : undefined;
}

/** @returns {Promise<string>} absolute path of tensorgate.node, after setting it up where it must be */
export async function ensureAddon() {
  const { path, folder, steps, compiles, fetches } = plan();
  if (steps.every((step) => step.done())) return path;
  const start = Date.now();
  say(`the first start sets up the native parts in ${folder}`);
  const index = fetches && !process.env.LIBTENSORFLOW_PATH;
  await checkPrerequisites({ compiler: compiles, index, tests: false });
  const release = endChildrenOnSignals();
  try {
    await withLock(folder, async () => {
      for (const step of steps) if (!step.done()) await step.run();
    });
  } finally {
    release();
  }
  say(`ready in ${seconds(start)}`);
  return path;
}

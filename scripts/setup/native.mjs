/**
 * Finds the native parts for the installed package, or sets them up on the first start. The path of the
 * addon goes to the server in the environment variable TENSORGATE_ADDON; nothing else looks for it.
 *
 * The order: TENSORGATE_NATIVE_DIR (holds build/Release/tensorgate.node with libtensorflow where its rpath
 * points); prebuilt platform packages; this checkout's build, or the user's cache.
 * Prebuilt, as sharp does it, in two packages side by side, because libtensorflow is the same for many
 * versions of the addon; the addon's rpath holds $ORIGIN/../libtensorflow-linux-x64[-cuda]/lib:
 *   @tensorgate/addon-linux-x64/tensorgate.node
 *   @tensorgate/libtensorflow-linux-x64[-cuda]/lib/libtensorflow_{cc,framework}.so.2
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { nativeLayout } from './layout.mjs';
import { withLock } from './lock.mjs';
import { checkPrerequisites } from './prerequisites.mjs';
import { endChildrenOnSignals, say, seconds, SetupError } from './progress.mjs';
import { addon, addonPath, libtensorflow } from './steps.mjs';

const require = createRequire(import.meta.url);

/**
 * @returns {string | undefined} absolute path of tensorgate.node, ready to be loaded; undefined where it
 *   must be set up first. @throws SetupError where the environment names a place that lacks it
 */
export function resolveAddon() {
  const given = process.env.TENSORGATE_NATIVE_DIR;
  if (given) {
    const path = join(given, 'build', 'Release', 'tensorgate.node');
    if (existsSync(path)) return path;
    throw new SetupError(`TENSORGATE_NATIVE_DIR=${given} lacks build/Release/tensorgate.node`);
  }
  const prebuilt = resolvePrebuilt();
  if (prebuilt) return prebuilt;
  const layout = nativeLayout();
  return libtensorflow(layout).done() && addon(layout).done() ? addonPath(layout) : undefined;
}

/** @param {string} name @returns {string | undefined} the folder of an installed package */
function packageFolder(name) {
  try {
    return dirname(require.resolve(`${name}/package.json`));
  } catch {
    return undefined;
  }
}

function resolvePrebuilt() {
  const platform = `${process.platform}-${process.arch}`;
  const folder = packageFolder(`@tensorgate/addon-${platform}`);
  if (!folder) return undefined;
  const library = ['', '-cuda'].some((variant) =>
    packageFolder(`@tensorgate/libtensorflow-${platform}${variant}`),
  );
  return library ? join(folder, 'tensorgate.node') : undefined;
}

/** @returns {Promise<string>} absolute path of tensorgate.node, after setting it up where it must be */
export async function ensureAddon() {
  const found = resolveAddon();
  if (found) return found;
  const start = Date.now();
  const layout = nativeLayout();
  say(`the first start sets up the native parts in ${layout.folder}`);
  const own = Boolean(process.env.LIBTENSORFLOW_PATH);
  await checkPrerequisites({ native: true, pip: !own, tests: false });
  const release = endChildrenOnSignals();
  try {
    await withLock(layout.folder, async () => {
      for (const step of [libtensorflow(layout), addon(layout)]) {
        if (!step.done()) await step.run();
      }
    });
  } finally {
    release();
  }
  say(`ready in ${seconds(start)}`);
  return addonPath(layout);
}

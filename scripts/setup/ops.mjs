/**
 * Finds the op libraries that --ops names, or fetches them on the first start that asks for them.
 * TENSORGATE_OPS_PATH names a folder of one's own instead: DIR/NAME/*.so.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fetchShown, isFetched } from './fetch.mjs';
import { nativeLayout, packageRoot } from './layout.mjs';
import { withLock } from './lock.mjs';
import { endChildrenOnSignals, say, seconds, SetupError } from './progress.mjs';

const FETCH = join(packageRoot, 'scripts', 'fetch-ops.sh');

/**
 * @param {readonly string[]} names
 * @returns {Promise<string[]>} absolute paths of the libraries, in the order of loading
 */
export async function ensureOps(names) {
  /** @type {string[]} */
  const libraries = [];
  for (const name of names) {
    const own = process.env.TENSORGATE_OPS_PATH;
    const folder = own ? join(own, name) : nativeLayout().ops(name);
    if (!own) await fetchOps(name, folder);
    const found = librariesIn(folder);
    if (found.length === 0) {
      throw new SetupError(`${own ? `TENSORGATE_OPS_PATH=${own}` : folder} lacks ${name}/*.so`);
    }
    libraries.push(...found);
  }
  return libraries;
}

/** The names in TENSORGATE_OPS, which the set-up fetches and a server without --ops loads. */
export function opsOfEnvironment() {
  return (process.env.TENSORGATE_OPS ?? '').split(',').filter((name) => name !== '');
}

/** @param {string} folder */
function librariesIn(folder) {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith('.so'));
  return names.sort().map((name) => join(folder, name));
}

/** @param {string} name @param {string} folder */
async function fetchOps(name, folder) {
  const args = [FETCH, name, `--dest=${folder}`];
  if (isFetched(args)) return;
  const start = Date.now();
  const release = endChildrenOnSignals();
  try {
    await withLock(nativeLayout().folder, async () => {
      if (isFetched(args)) return;
      const status = await fetchShown(args);
      if (status !== 0) throw new SetupError(`the ops '${name}' could not be fetched`);
    });
  } finally {
    release();
  }
  say(`fetching the ops '${name}': done in ${seconds(start)}`);
}

/**
 * Finds OpenVINO's C library, or fetches it on the first load that asks for it.
 * OPENVINO_PATH names a folder that has it; TENSORGATE_OPENVINO=0 keeps it out.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fetchShown } from './fetch.mjs';
import { nativeLayout, packageRoot } from './layout.mjs';
import { withLock } from './lock.mjs';
import { endChildrenAtExit, runCollected, say, seconds, SetupError } from './progress.mjs';

const FETCH = join(packageRoot, 'scripts', 'fetch-openvino.sh');

/** Where it lies below a folder: what is fetched, an unpacked wheel, an archive of OpenVINO's, a folder of libraries. */
const PLACES = ['lib', 'libs', 'runtime/lib/intel64', 'runtime/lib/aarch64', ''];

/** By the folder: each load asks, and the process opens one library only. @type {Map<string, string>} */
const found = new Map();

/**
 * @returns {Promise<string>} absolute path of libopenvino_c.so. @throws SetupError where it is kept out, or
 *   cannot be found or fetched
 */
export async function ensureOpenVino() {
  if (process.env.TENSORGATE_OPENVINO === '0') {
    throw new SetupError('OpenVINO is needed, and TENSORGATE_OPENVINO=0 keeps it out');
  }
  const own = process.env.OPENVINO_PATH;
  const folder = own || nativeLayout().openvino;
  const known = found.get(folder);
  if (known) return known;
  if (!own) await fetchOpenVino(folder);
  const library = libraryIn(folder);
  if (library) {
    found.set(folder, library);
    return library;
  }
  throw new SetupError(`${own ? `OPENVINO_PATH=${own}` : folder} lacks lib/libopenvino_c.so`);
}

/** @param {string} folder @returns {string | undefined} */
function libraryIn(folder) {
  for (const place of PLACES.map((each) => join(folder, each))) {
    const names = existsSync(place) ? readdirSync(place) : [];
    const name = names.sort().find((each) => /^libopenvino_c\.so(\.\d+)*$/.test(each));
    if (name) return join(place, name);
  }
  return undefined;
}

/** @param {string} folder */
async function fetchOpenVino(folder) {
  const args = [FETCH, `--dest=${folder}`];
  const isThere = async () => (await runCollected('bash', [...args, '--check'])).status === 0;
  if (await isThere()) return;
  const start = Date.now();
  // A server that serves other models meanwhile has its own way of stopping.
  const release = endChildrenAtExit();
  try {
    await withLock(nativeLayout().folder, async () => {
      if (await isThere()) return;
      const status = await fetchShown(args);
      if (status !== 0) throw new SetupError('OpenVINO could not be fetched');
    });
  } finally {
    release();
  }
  say(`fetching OpenVINO: done in ${seconds(start)}`);
}

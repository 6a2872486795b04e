/**
 * Where the native parts lie. A checkout keeps them in its own tree; an installed package, whose folder
 * may be read-only, in the user's cache, where versions of it share one libtensorflow.
 */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fingerprint } from './fingerprint.mjs';

export const packageRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const isCheckout = existsSync(join(packageRoot, 'tsconfig.json'));
export const hasSources = existsSync(join(packageRoot, 'CMakeLists.txt'));

/** What the addon is built from, besides libtensorflow and node-addon-api. */
export const ADDON_SOURCES = ['binding', 'CMakeLists.txt'];

/**
 * @typedef {object} Layout
 * @property {string} folder holds the lock and the logs
 * @property {string} release the folder of tensorgate.node, and of its CMake files
 * @property {string} libtensorflow the folder with lib/ and include/
 * @property {(name: string) => string} ops the folder with the libraries of these ops
 * @property {string} openvino the folder with OpenVINO's lib/
 */

/**
 * @param {string} [prebuilt] path of an addon that is not built here
 * @returns {Layout}
 */
export function nativeLayout(prebuilt) {
  if (isCheckout) {
    return {
      folder: join(packageRoot, 'build'),
      release: join(packageRoot, 'build', 'Release'),
      libtensorflow: join(packageRoot, 'third_party', 'libtensorflow'),
      ops: (name) => join(packageRoot, 'third_party', 'ops', name),
      openvino: join(packageRoot, 'third_party', 'openvino'),
    };
  }
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tensorgate');
  const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'));
  const variant = process.env.TENSORGATE_VARIANT || 'cpu';
  const own = prebuilt
    ? fingerprint(dirname(prebuilt), [basename(prebuilt)])
    : fingerprint(packageRoot, ADDON_SOURCES, [variant, process.arch]);
  const pins = fingerprint(packageRoot, ['scripts/libtensorflow.sha256']).slice(0, 12);
  const opsPins = fingerprint(packageRoot, ['scripts/ops.sha256']).slice(0, 12);
  const openvinoPins = fingerprint(packageRoot, ['scripts/openvino.sha256']).slice(0, 12);
  const folder = join(cache, `${version}-${own.slice(0, 12)}`);
  return {
    folder,
    release: join(folder, 'build', 'Release'),
    libtensorflow: join(cache, `libtensorflow-${variant}-${pins}`),
    ops: (name) => join(cache, `ops-${name}-${opsPins}`),
    openvino: join(cache, `openvino-${openvinoPins}`),
  };
}

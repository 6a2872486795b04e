/**
 * The packages with native parts, as npm installs them beside ours:
 *   @tensorgate/linux-x64-gnu            tensorgate.node, and uWebSockets
 *   @tensorgate/libtensorflow-linux-x64  lib/libtensorflow_{cc,framework}.so.2, for sites without a network
 * The addon looks for the library in the folder beside its own. Where npm has not put it there, the addon is copied
 * into the user's cache, with a link to the library at its side.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);

const PLATFORM = `linux-${process.arch}`;
export const ADDON_PACKAGE = `@tensorgate/${PLATFORM}-gnu`;
const LIBRARY = `libtensorflow-${PLATFORM}`;
const ADDON = 'tensorgate.node';

/** @param {string} name @returns {string | undefined} the folder of an installed package */
function packageFolder(name) {
  try {
    return dirname(require.resolve(`${name}/package.json`));
  } catch {
    return undefined;
  }
}

/** @returns {{folder: string, addon: string, version: string} | undefined} what is installed for this platform */
export function prebuiltAddon() {
  const folder = packageFolder(ADDON_PACKAGE);
  if (!folder) return undefined;
  const { version } = require(join(folder, 'package.json'));
  return { folder, addon: join(folder, ADDON), version };
}

/** @returns {string | undefined} the folder of libtensorflow's package, CUDA's first */
export function libraryPackage() {
  return packageFolder(`@tensorgate/${LIBRARY}-cuda`) ?? packageFolder(`@tensorgate/${LIBRARY}`);
}

/** @param {string} addon @param {string} library both in folders of packages @returns {boolean} the one finds the other */
export function findsBeside(addon, library) {
  return dirname(library) === dirname(dirname(addon));
}

/**
 * An addon in the cache that finds this library: FOLDER/linux-x64-gnu/tensorgate.node.
 * @param {string} addon of the package
 * @param {string} folder named by the addon's content
 * @param {string} library folder with lib/
 */
export function addonBeside(addon, folder, library) {
  const placed = join(folder, `${PLATFORM}-gnu`, ADDON);
  const link = join(folder, LIBRARY);
  return {
    path: placed,
    done: () => existsSync(placed) && linkOf(link) === library,
    place() {
      mkdirSync(dirname(placed), { recursive: true });
      rmSync(link, { force: true });
      symlinkSync(library, link);
      copyFileSync(addon, `${placed}.${process.pid}`);
      renameSync(`${placed}.${process.pid}`, placed);
    },
  };
}

/** @param {string} path */
function linkOf(path) {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

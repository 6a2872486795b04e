/** The package.json of each package, and which files it holds. */
import { copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../setup/layout.mjs';
import { pipsOwnIndex } from '../setup/wheels/pip-settings.mjs';
import { PLATFORMS } from './platforms.mjs';

/** @typedef {import('./platforms.mjs').Platform} Platform */

/** What builds the addon, and what the packages for a platform have instead. */
const NOT_DEPENDENCIES = ['cmake-js', 'node-addon-api', 'uWebSockets.js'];
const NOT_FILES = ['binding', 'CMakeLists.txt'];
const PAGES = ['CHANGELOG.md', 'LICENSE', 'README.md', 'SECURITY.md', 'docs'];
/** Node's ABIs of the releases with long-term support that uWebSockets has a binary for: 20, 22, 24. */
const UWS_ABIS = [115, 127, 137];

/** @param {string} path */
const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

export const own = readJson(join(packageRoot, 'package.json'));
const { version, license, engines } = own;

/** @param {string} folder @param {object} manifest */
function writeManifest(folder, manifest) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
}

/** `tensorgate`: TypeScript compiled, protos, docs, and what finds or fetches the native parts. @param {string} folder */
export function stageServer(folder) {
  const { name, tensorflow, description, type, os, bin, exports } = own;
  const dependencies = Object.fromEntries(
    Object.entries(own.dependencies).filter(([each]) => !NOT_DEPENDENCIES.includes(each)),
  );
  const optionalDependencies = Object.fromEntries(
    PLATFORMS.map((platform) => [`@tensorgate/${platform.name}`, version]),
  );
  writeManifest(folder, {
    ...{ name, version, tensorflow, description, license, type, engines, os, bin, exports },
    ...{ dependencies, optionalDependencies, wheelIndex: pipsOwnIndex() },
  });
  const files = own.files.filter((/** @type {string} */ each) => !NOT_FILES.includes(each));
  for (const file of [...files, ...PAGES]) {
    cpSync(join(packageRoot, file), join(folder, file), {
      recursive: true,
      filter: (source) => !source.endsWith('.js.map'), // of sources that are not in it
    });
  }
}

/** @param {string} folder @param {Platform} platform @param {string} addon path of the stripped addon */
export function stagePlatform(folder, { name, cpu }, addon) {
  writeManifest(folder, {
    name: `@tensorgate/${name}`,
    version,
    description: `The native parts of tensorgate for ${name}`,
    license,
    engines,
    ...{ os: ['linux'], cpu: [cpu], libc: ['glibc'] },
  });
  const uws = join(packageRoot, 'node_modules', 'uWebSockets.js');
  const binaries = UWS_ABIS.map((abi) => `uws_linux_${cpu}_${abi}.node`);
  for (const file of ['uws.js', ...binaries]) copyFileSync(join(uws, file), join(folder, file));
  copyFileSync(join(uws, 'LICENSE'), join(folder, 'LICENSE.uWebSockets'));
  copyFileSync(join(packageRoot, 'LICENSE'), join(folder, 'LICENSE'));
  copyFileSync(addon, join(folder, 'tensorgate.node'));
}

/** For sites without a network. @param {string} folder @param {Platform} platform @param {string} library folder with lib/ */
export function stageLibrary(folder, { cpu }, library) {
  writeManifest(folder, {
    name: `@tensorgate/libtensorflow-linux-${cpu}`,
    version: own.tensorflow,
    description: `TensorFlow's C library ${own.tensorflow} for Linux on ${cpu}, out of its PyPI wheel`,
    license,
    ...{ os: ['linux'], cpu: [cpu], libc: ['glibc'] },
  });
  cpSync(join(library, 'lib'), join(folder, 'lib'), { recursive: true });
  cpSync(join(library, 'licenses'), join(folder, 'licenses'), { recursive: true });
}

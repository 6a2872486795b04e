/** The platforms that packages are made for, and the addon for each, built here for any of them. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { packageRoot } from '../setup/layout.mjs';
import { fetchShown } from '../setup/fetch.mjs';
import { SetupError } from '../setup/progress.mjs';
import { addon, addonPath } from '../setup/steps.mjs';
import { pythonVenv } from '../testing/python-client.mjs';
import { FLOOR } from './floor.mjs';

/** @typedef {{name: string, cpu: string, machine: string}} Platform */

/** @type {Platform[]} */
export const PLATFORMS = [
  { name: 'linux-x64-gnu', cpu: 'x64', machine: 'x86_64' },
  { name: 'linux-arm64-gnu', cpu: 'arm64', machine: 'aarch64' },
];
const FOLDER = join(packageRoot, 'build', 'package');

/** @param {Platform} platform @returns {string} the folder with its libtensorflow, once fetched */
export function libraryFolder({ cpu }) {
  return join(FOLDER, `libtensorflow-linux-${cpu}`);
}

/** @param {Platform} platform @returns {Promise<void>} */
export async function fetchLibrary(platform) {
  const script = join(packageRoot, 'scripts', 'fetch-libtensorflow.sh');
  const args = [`--arch=${platform.machine}`, '--variant=cpu', `--dest=${libraryFolder(platform)}`];
  if ((await fetchShown([script, ...args])) !== 0) {
    throw new SetupError(`libtensorflow for ${platform.name} could not be fetched`);
  }
}

/**
 * Compiled for the floor of glibc by zig's clang, which has the symbol versions of each glibc and links its own C++
 * library in: the system's compiler would ask for the system's glibc.
 * @param {Platform} platform @returns {Promise<string>} the addon's path
 */
export async function buildAddon(platform) {
  await fetchLibrary(platform);
  const layout = {
    folder: join(FOLDER, platform.name),
    release: releaseFolder(platform),
    libtensorflow: libraryFolder(platform),
  };
  const defines = { ...(await zigToolchain(platform)), TENSORGATE_PREBUILT: 'ON' };
  const step = addon(layout, defines);
  if (!step.done()) await step.run();
  return addonPath(layout);
}

/** @param {Platform} platform @returns {string} the folder with its addon, once built, and the libraries below it */
export function releaseFolder({ name }) {
  return join(FOLDER, name, 'Release');
}

/** CMake's variables for it. CMake wants each tool as one command. @param {Platform} platform */
export async function zigToolchain({ name, machine }) {
  const python = await pythonVenv('package', join('scripts', 'package', 'requirements.txt'));
  const find = spawnSync(
    python,
    ['-c', 'import os, ziglang; print(os.path.dirname(ziglang.__file__))'],
    { encoding: 'utf8' },
  );
  const zig = join(find.stdout.trim(), 'zig');
  if (!existsSync(zig)) throw new SetupError(`no zig where its wheel should have it: ${zig}`);
  /** @param {string} command @param {string} text */
  const script = (command, text) => {
    const path = join(FOLDER, name, 'bin', command);
    mkdirSync(dirname(path), { recursive: true });
    const cache = `export ZIG_GLOBAL_CACHE_DIR='${join(FOLDER, 'zig-cache')}'`;
    writeFileSync(path, `#!/bin/sh\n${cache}\nexec '${zig}' ${text} "$@"\n`);
    chmodSync(path, 0o755);
    return path;
  };
  return {
    CMAKE_SYSTEM_NAME: 'Linux',
    CMAKE_SYSTEM_PROCESSOR: machine,
    CMAKE_CXX_COMPILER: script('c++', `c++ -target ${machine}-linux-gnu.${FLOOR.GLIBC}`),
    CMAKE_AR: script('ar', 'ar'),
    CMAKE_RANLIB: script('ranlib', 'ranlib'),
  };
}

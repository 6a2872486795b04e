/** The steps of the set-up. Each knows by content, not by time, whether there is something to do. */
import { existsSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { fetchShown, isFetched } from './fetch.mjs';
import { filesIn, fingerprint, readStamp, writeStamp } from './fingerprint.mjs';
import { ADDON_SOURCES, packageRoot } from './layout.mjs';
import { runLogged, say, seconds, SetupError } from './progress.mjs';

/**
 * @typedef {object} Step
 * @property {string} name
 * @property {() => boolean} done
 * @property {() => Promise<void>} run
 */

const require = createRequire(import.meta.url);
const logs = join(packageRoot, 'build', 'logs');

/** @param {string} path */
const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** npm's own record of what it installed, against the lock file. @type {Step} */
export const dependencies = {
  name: 'npm packages',
  done() {
    const record = join(packageRoot, 'node_modules', '.package-lock.json');
    if (!existsSync(record)) return false;
    const installed = readJson(record).packages;
    return Object.entries(readJson(join(packageRoot, 'package-lock.json')).packages).every(
      ([path, { version, integrity, optional }]) =>
        path === '' ||
        (path in installed
          ? installed[path].version === version && installed[path].integrity === integrity
          : optional),
    );
  },
  async run() {
    const npm = process.env.npm_execpath;
    const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund'];
    const [command, all] = npm ? [process.execPath, [npm, ...args]] : ['npm', args];
    await runLogged('installing npm packages', join(logs, 'npm.log'), command, all, {
      cwd: packageRoot,
    });
  },
};

const FETCH = join(packageRoot, 'scripts', 'fetch-libtensorflow.sh');

/** @param {import('./layout.mjs').Layout} layout @returns {Step} */
export function libtensorflow(layout) {
  const args = [FETCH, `--dest=${layout.libtensorflow}`];
  return {
    name: 'libtensorflow',
    done: () => isFetched(args),
    async run() {
      const start = Date.now();
      const status = await fetchShown(args);
      if (status !== 0) throw new SetupError('libtensorflow could not be fetched');
      say(`fetching libtensorflow: done in ${seconds(start)}`);
    },
  };
}

/** @param {string} folder @returns {string} what the library is, for the addon's fingerprint */
function libtensorflowIdentity(folder) {
  const library = join(folder, 'lib', 'libtensorflow_cc.so.2');
  if (!existsSync(library)) return 'none';
  const stamp = readStamp(join(folder, 'libtensorflow.stamp'));
  if (stamp) return stamp;
  const { size, mtimeMs } = statSync(library);
  return `${realpathSync(folder)} ${size} ${mtimeMs}`;
}

/** @param {Pick<import('./layout.mjs').Layout, 'release'>} layout */
export function addonPath(layout) {
  return join(layout.release, 'tensorgate.node');
}

/**
 * @param {Pick<import('./layout.mjs').Layout, 'folder' | 'release' | 'libtensorflow'>} layout
 * @param {Record<string, string>} [defines] of CMake's variables: another compiler, say
 * @returns {Step}
 */
export function addon(layout, defines = {}) {
  const variables = Object.entries(defines).map(([name, value]) => `--CD${name}=${value}`);
  const stamp = join(layout.release, 'addon.stamp');
  const wanted = () =>
    fingerprint(packageRoot, ADDON_SOURCES, [
      libtensorflowIdentity(layout.libtensorflow),
      require('node-addon-api/package.json').version,
      process.arch,
      ...variables,
    ]);
  return {
    name: 'addon',
    done: () => existsSync(addonPath(layout)) && readStamp(stamp) === wanted(),
    async run() {
      dropForeignCMakeCache(layout);
      const cmakeJs = require.resolve('cmake-js/package.json');
      const args = [
        join(dirname(cmakeJs), readJson(cmakeJs).bin['cmake-js']),
        'build',
        `--directory=${packageRoot}`,
        `--out=${layout.release}`,
        `--parallel=${process.env.CMAKE_BUILD_PARALLEL_LEVEL ?? availableParallelism()}`,
        `--CDLIBTENSORFLOW_PATH=${layout.libtensorflow}`,
        ...variables,
      ];
      const log = join(layout.folder, 'logs', 'addon.log');
      rmSync(stamp, { force: true });
      await runLogged('building the addon', log, process.execPath, args, { cwd: packageRoot });
      if (!existsSync(addonPath(layout))) {
        throw new SetupError(`the build made no ${basename(addonPath(layout))}; see ${log}`);
      }
      writeStamp(stamp, wanted());
    },
  };
}

/** CMake refuses a cache of another place, and keeps the values of another configuration. */
function dropForeignCMakeCache(
  /** @type {Pick<import('./layout.mjs').Layout, 'release' | 'libtensorflow'>} */ layout,
) {
  const cache = readStamp(join(layout.release, 'CMakeCache.txt'));
  const expected = [
    `CMAKE_CACHEFILE_DIR:INTERNAL=${layout.release}`,
    `CMAKE_HOME_DIRECTORY:INTERNAL=${packageRoot}`,
    `LIBTENSORFLOW_PATH:PATH=${layout.libtensorflow}`,
  ];
  if (cache === undefined || !expected.every((line) => cache.includes(`${line}\n`))) {
    rmSync(layout.release, { recursive: true, force: true });
  }
}

/**
 * @param {string} name of the stamp
 * @param {string} config its tsconfig.json
 * @param {string[]} folders
 * @param {TypeScriptStep} [part] what is compiled with it
 * @typedef {Step & {stamp: () => () => void}} TypeScriptStep stamp: notes what is there, and then that it is compiled
 * @returns {TypeScriptStep}
 */
function typescriptStep(name, config, folders, part) {
  const path = join(packageRoot, 'build', `${name}.stamp`);
  const wanted = () =>
    fingerprint(
      packageRoot,
      ['tsconfig.json', ...folders],
      [require('typescript/package.json').version],
      (file) => file.endsWith('.ts') || file.endsWith('tsconfig.json'),
    );
  const stamp = () => {
    const now = wanted();
    return () => writeStamp(path, now);
  };
  return {
    name: 'TypeScript',
    stamp,
    done: () => existsSync(join(packageRoot, 'dist', 'src')) && readStamp(path) === wanted(),
    async run() {
      const stamps = [stamp(), part?.stamp()];
      const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
      const args = [tsc, '-p', join(packageRoot, config), '--pretty', 'false'];
      await runLogged('compiling TypeScript', join(logs, 'tsc.log'), process.execPath, args, {
        cwd: packageRoot,
      });
      // The output of deleted sources goes, or the tests would still run it.
      const dist = join(packageRoot, 'dist');
      for (const file of filesIn(dist)) {
        const source = relative(dist, file).replace(/\.(js|d\.ts|js\.map)$/, '.ts');
        if (!existsSync(join(packageRoot, source))) rmSync(file);
      }
      for (const write of stamps) write?.();
    },
  };
}

/** All that a server runs: half of what there is to compile. */
export const serverTypescript = typescriptStep(
  'typescript-server',
  'scripts/setup/server.tsconfig.json',
  ['src'],
);

export const typescript = typescriptStep(
  'typescript',
  'tsconfig.json',
  ['src', 'test', 'bench', 'examples'],
  serverTypescript,
);

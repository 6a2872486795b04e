/**
 * npm run package: makes the npm packages into dist-packages/.
 *   tensorgate                                TypeScript compiled, protos and docs; nothing native
 *   @tensorgate/linux-x64-gnu, -arm64-gnu     the addon, stripped, and uWebSockets' binaries for it
 *   @tensorgate/libtensorflow-linux-x64, …    with --libtensorflow: the library, for sites without a network
 * npm run package -- [--out=DIR] [--platform=NAME[,NAME]] [--libtensorflow] [--addon=FILE]
 *   --addon   takes this addon for this machine's platform, instead of building one for the floor of glibc
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { aboveFloor, describeNeeds, highest, needsOf } from './package/floor.mjs';
import { own, stageLibrary, stagePlatform, stageServer } from './package/manifests.mjs';
import { buildAddon, fetchLibrary, libraryFolder, PLATFORMS } from './package/platforms.mjs';
import { exitWith, setup } from './setup.mjs';
import { packageRoot } from './setup/layout.mjs';
import { endChildrenOnSignals, say, SetupError } from './setup/progress.mjs';

const STAGE = join(packageRoot, 'build', 'package', `stage-${process.pid}`);

/** @param {string} command @param {string[]} args @param {string} [cwd] @returns {string} */
function output(command, args, cwd) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new SetupError(`${command} ${args.join(' ')} failed: ${stderr}`);
  return stdout.trim();
}

/** @param {string} folder @param {string} out @returns {string} the path of the tarball */
function pack(folder, out) {
  const npm = process.env.npm_execpath;
  const args = ['pack', '--silent', '--ignore-scripts', '--pack-destination', out];
  const name = npm ? output(process.execPath, [npm, ...args], folder) : output('npm', args, folder);
  const path = join(out, name.split('\n').at(-1) ?? '');
  say(`${path}: ${(statSync(path).size / 1e6).toFixed(1)} MB`);
  return path;
}

/** @param {string} addon @param {string} folder @returns {string} a copy without symbols and debug information */
function stripped(addon, folder) {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'stripped.node');
  copyFileSync(addon, path);
  // The linker has stripped what was built for the floor; this machine's strip knows no other processor.
  if (!addon.startsWith(join(packageRoot, 'build', 'package'))) output('strip', [path]);
  return path;
}

/** @param {string} addon @param {boolean} must */
function checkFloor(addon, must) {
  const needs = needsOf(addon);
  const above = aboveFloor(needs);
  say(`the addon needs ${[...highest(needs)].map((pair) => pair.join(' ')).join(', ')}`);
  if (must && above.length > 0) {
    throw new SetupError(`the addon is above the floor: ${describeNeeds(above)}`);
  }
}

/**
 * @param {object} options
 * @param {string} options.out @param {string[]} options.platforms @param {boolean} options.libtensorflow
 * @param {string | undefined} options.addon
 * @returns {Promise<string[]>} the tarballs
 */
export async function makePackages({ out, platforms, libtensorflow, addon }) {
  const unknown = platforms.find((name) => !PLATFORMS.some((each) => each.name === name));
  const known = PLATFORMS.map((each) => each.name);
  if (unknown) throw new SetupError(`no platform ${unknown}; there are ${known.join(', ')}`);
  if (addon && platforms.join() !== `linux-${process.arch}-gnu`) {
    throw new SetupError(`--addon is for this machine: add --platform=linux-${process.arch}-gnu`);
  }
  await setup({ scope: 'typescript' });
  rmSync(STAGE, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const stage = (/** @type {string} */ name) => join(STAGE, name);
  stageServer(stage(own.name));
  const tarballs = [pack(stage(own.name), out)];
  for (const platform of PLATFORMS.filter(({ name }) => platforms.includes(name))) {
    const built = addon ?? (await buildAddon(platform));
    checkFloor(built, !addon);
    stagePlatform(stage(platform.name), platform, stripped(built, stage('addon')));
    tarballs.push(pack(stage(platform.name), out));
    if (!libtensorflow) continue;
    await fetchLibrary(platform);
    stageLibrary(stage(`libtensorflow-${platform.name}`), platform, libraryFolder(platform));
    tarballs.push(pack(stage(`libtensorflow-${platform.name}`), out));
  }
  rmSync(STAGE, { recursive: true });
  return tarballs;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const flags = process.argv.slice(2);
  /** @param {string} name */
  const value = (name) =>
    flags.find((flag) => flag.startsWith(`--${name}=`))?.slice(name.length + 3);
  const known = /^--(libtensorflow|(out|platform|addon)=.+)$/;
  const release = endChildrenOnSignals();
  try {
    const stranger = flags.find((flag) => !known.test(flag));
    if (stranger) throw new SetupError(`unknown argument ${stranger}; see scripts/package.mjs`);
    const addon = value('addon');
    await makePackages({
      out: resolve(value('out') ?? join(packageRoot, 'dist-packages')),
      platforms: value('platform')?.split(',') ?? PLATFORMS.map(({ name }) => name),
      libtensorflow: flags.includes('--libtensorflow'),
      addon: addon && resolve(addon),
    });
  } catch (error) {
    exitWith(error);
  }
  release();
}

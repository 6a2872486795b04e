/**
 * npm run release: builds what is released into dist-release/, and publishes nothing.
 *   the npm packages (scripts/package.mjs), with libtensorflow's for sites without a network
 *   the Helm chart, and the image as an archive of Docker's format, each where its tool is there
 *   SHA256SUMS, PROVENANCE.json (the commit, the tools, the hashes of what went in), NOTES.md
 * npm run release -- [--out=DIR] [--platform=NAME[,NAME]] [--skip=image,chart,libtensorflow] [--allow-dirty]
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  createReadStream,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { isDeepStrictEqual } from 'node:util';
import { makePackages } from './package.mjs';
import { own } from './package/manifests.mjs';
import { PLATFORMS } from './package/platforms.mjs';
import { changesOf } from './release/changelog.mjs';
import { provenance } from './release/provenance.mjs';
import { exitWith } from './setup.mjs';
import { packageRoot } from './setup/layout.mjs';
import { endChildrenOnSignals, runShown, say, SetupError } from './setup/progress.mjs';

const CHART = join(packageRoot, 'deploy', 'helm', 'tensorgate');
const IMAGE = join(packageRoot, 'scripts', 'image.sh');
const ENGINES = /** @type {const} */ (['docker', 'podman', 'buildah']);

/** @param {string} command */
const has = (command) =>
  spawnSync('bash', ['-c', `command -v ${command}`], { stdio: 'ignore' }).status === 0;

/** @param {string} what @param {string} command @param {string[]} args */
async function must(what, command, args) {
  const status = await runShown(command, args, { cwd: packageRoot });
  if (status !== 0) throw new SetupError(`${what} failed with status ${status}`);
}

/** @param {string} out */
async function chart(out) {
  if (!existsSync(join(CHART, 'Chart.yaml'))) return 'there is no deploy/helm/tensorgate';
  if (!has('helm')) return 'there is no helm in the PATH';
  // Helm's name for it is npm's for the package.
  const folder = mkdtempSync(join(tmpdir(), 'tensorgate-chart-'));
  const args = ['package', CHART, '--destination', folder];
  await must('packing the chart', 'helm', [...args, `--app-version=${own.version}`]);
  const packed = join(folder, `tensorgate-${own.version}.tgz`);
  copyFileSync(packed, join(out, `tensorgate-chart-${own.version}.tgz`));
  rmSync(folder, { recursive: true });
  return undefined;
}

/** @param {string} out */
async function image(out) {
  if (!existsSync(IMAGE)) return 'there is no scripts/image.sh';
  // A client may be there without its engine.
  const engine = ENGINES.find((each) => spawnSync(each, ['info']).status === 0);
  if (!engine) return `none of ${ENGINES.join(', ')} works here`;
  const tag = `tensorgate:${own.version}`;
  await must('building the image', IMAGE, [`--tag=${tag}`, `--engine=${engine}`]);
  const archive = join(out, `tensorgate-image-${own.version}.tar`);
  // Docker's format: OCI's has no health check.
  const save = {
    docker: ['save', '--output', archive, tag],
    podman: ['save', '--format=docker-archive', '--output', archive, tag],
    buildah: ['push', tag, `docker-archive:${archive}:${tag}`],
  }[engine];
  await must('saving the image', engine, save);
  return undefined;
}

/** @param {string} path */
async function sha256(path) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** @param {{out: string, platforms: string[], skip: string[], allowDirty: boolean}} options */
async function release({ out, platforms, skip, allowDirty }) {
  const changes = changesOf(readFileSync(join(packageRoot, 'CHANGELOG.md'), 'utf8'), own.version);
  const made = provenance(platforms);
  if (made.source.changed.length > 0 && !allowDirty) {
    throw new SetupError(`not committed: ${made.source.changed.join(', ')}; or --allow-dirty`);
  }
  rmSync(out, { recursive: true, force: true });
  const libtensorflow = !skip.includes('libtensorflow');
  await makePackages({ out, platforms, libtensorflow, addon: undefined });
  /** @type {Record<string, string>} */
  const left = {};
  for (const [name, make] of Object.entries({ chart, image })) {
    const reason = skip.includes(name) ? '--skip' : await make(out);
    if (reason === undefined) continue;
    left[name] = reason;
    say(`no ${name}: ${reason}`);
  }
  if (!isDeepStrictEqual(provenance(platforms), made)) {
    throw new SetupError('the checkout has changed since the release began');
  }
  writeFileSync(join(out, 'NOTES.md'), changes);
  const json = { ...made, notBuilt: left };
  writeFileSync(join(out, 'PROVENANCE.json'), `${JSON.stringify(json, undefined, 2)}\n`);
  const files = readdirSync(out).sort();
  const sums = [];
  for (const file of files) sums.push(`${await sha256(join(out, file))}  ${file}\n`);
  writeFileSync(join(out, 'SHA256SUMS'), sums.join(''));
  say(`${out}: ${files.map((file) => basename(file)).join(', ')}, SHA256SUMS`);
}

const flags = process.argv.slice(2);
/** @param {string} name */
const list = (name) =>
  flags
    .find((flag) => flag.startsWith(`--${name}=`))
    ?.slice(name.length + 3)
    .split(',');
const free = endChildrenOnSignals();
try {
  const known = /^--(allow-dirty|(out|platform|skip)=.+)$/;
  const stranger = flags.find((flag) => !known.test(flag));
  if (stranger) throw new SetupError(`unknown argument ${stranger}; see scripts/release.mjs`);
  await release({
    out: resolve(list('out')?.join(',') ?? join(packageRoot, 'dist-release')),
    platforms: list('platform') ?? PLATFORMS.map(({ name }) => name),
    skip: list('skip') ?? [],
    allowDirty: flags.includes('--allow-dirty'),
  });
} catch (error) {
  exitWith(error);
}
free();

/**
 * The packages as a user gets them: from a registry, without a compiler, CMake or Python at hand, libtensorflow
 * fetched on the first start. The addon in them is the checkout's; `npm run fleet` has one that is built for old
 * systems.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { root, Sandbox } from '../scripts/sandbox.mjs';
import { Registry } from './registry.mjs';
import { served } from './served.mjs';

/** What npm, a shell script and a fetch need of a system; all of it is in Debian's smallest one. */
const COMMANDS = [
  ...['bash', 'sh', 'env', 'node', 'npm', 'awk', 'basename', 'cat', 'cut', 'df', 'dirname', 'du'],
  ...['flock', 'getconf', 'grep', 'ln', 'mkdir', 'mv', 'realpath', 'rm', 'rmdir', 'sha256sum'],
  ...['sleep', 'tail', 'uname', 'xargs'],
];
const PLATFORM = `linux-${process.arch}`;

describe('the packages', function () {
  this.timeout(600_000);
  const start = (/** @type {string} */ command, /** @type {string[]} */ ...args) =>
    served(
      sandbox,
      command,
      '--model_name=half_plus_two',
      `--model_base_path=${join(prefix, 'lib/node_modules/tensorgate/examples/models/half_plus_two')}`,
      ...args,
    );
  /** @type {Sandbox} */
  let sandbox;
  /** @type {Registry} */
  let registry;
  let prefix = '';
  before(async () => {
    sandbox = new Sandbox();
    prefix = join(sandbox.folder, 'prefix');
    const out = join(sandbox.folder, 'out');
    const made = await sandbox.run(
      process.execPath,
      ...[join(root, 'scripts', 'package.mjs'), `--out=${out}`, `--platform=${PLATFORM}-gnu`],
      `--addon=${process.env.TENSORGATE_ADDON ?? join(root, 'build/Release/tensorgate.node')}`,
    );
    assert.equal(made.status, 0, made.stderr);
    registry = new Registry(readdirSync(out).map((name) => join(out, name)));
    await registry.listen();

    for (const command of COMMANDS) {
      const path = spawnSync('bash', ['-c', `command -v ${command}`], { encoding: 'utf8' });
      assert.equal(path.status, 0, command);
      symlinkSync(path.stdout.trim(), join(sandbox.bin, command));
    }
    Object.assign(sandbox.env, {
      PATH: `${join(prefix, 'bin')}:${sandbox.bin}`,
      HOME: sandbox.folder,
      XDG_CACHE_HOME: join(sandbox.folder, 'cache'),
    });
    // How this site reaches the wheels, and whether it does at all, is what the checkout's set-up has shown.
    for (const [name, value] of Object.entries(process.env)) {
      if (name.startsWith('PIP_')) sandbox.env[name] = value;
    }
    const library = join(root, 'third_party', 'libtensorflow');
    if (lstatSync(library).isSymbolicLink()) sandbox.env.LIBTENSORFLOW_PATH = library;
  });
  after(() => {
    registry?.close();
    sandbox.remove();
  });

  it('are installed where there is no compiler, for this platform alone', async () => {
    for (const absent of ['c++', 'cc', 'cmake', 'make', 'ninja', 'python3']) {
      const { status } = await sandbox.run('bash', '-c', `command -v ${absent}`);
      assert.equal(status, 1, absent);
    }
    const since = Date.now();
    const { status, stderr } = await sandbox.run(
      ...['npm', 'install', '--global', '--prefix', prefix, '--registry', registry.url],
      ...['--no-audit', '--no-fund', 'tensorgate'],
    );
    assert.equal(status, 0, stderr);
    console.log(`    npm install: ${((Date.now() - since) / 1000).toFixed(1)} s`);
    assert.deepEqual(
      registry.taken.filter((name) => name.startsWith('@tensorgate/')),
      [`@tensorgate/${PLATFORM}-gnu`],
    );
    for (const left of ['uWebSockets.js', 'cmake-js', 'node-addon-api']) {
      assert.ok(!registry.taken.includes(left), left);
    }
  });

  it('fetch libtensorflow on the first start, and serve', async () => {
    const since = Date.now();
    const { stderr } = await start('tensorgate');
    assert.match(stderr, /^setup: the first start sets up the native parts in .*\/cache\//m);
    assert.match(stderr, /^setup: ready in /m);
    console.log(`    first start to the end: ${((Date.now() - since) / 1000).toFixed(1)} s`);
  });

  it('find it at the next start, and have uWebSockets for this Node.js', async () => {
    sandbox.unplug();
    const { stderr } = await start('tensorflow_model_server', '--rest_transport=uwebsockets');
    assert.doesNotMatch(stderr, /^setup:/m);
  });

  it('take libtensorflow from its package, and then need no network', async () => {
    const cache = join(sandbox.folder, 'cache', 'tensorgate');
    const [fetched] = readdirSync(cache).filter((name) => name.startsWith('libtensorflow-'));
    const scope = join(prefix, 'lib/node_modules/tensorgate/node_modules/@tensorgate');
    const place = join(scope, `libtensorflow-${PLATFORM}`);
    mkdirSync(scope, { recursive: true });
    renameSync(join(cache, fetched ?? ''), place);
    sandbox.write(
      `prefix/lib/node_modules/tensorgate/node_modules/@tensorgate/libtensorflow-${PLATFORM}/package.json`,
      '{"version": "0"}',
    );
    rmSync(cache, { recursive: true });
    const { stderr } = await start('tensorgate');
    assert.doesNotMatch(stderr, /^setup:/m);
  });
});

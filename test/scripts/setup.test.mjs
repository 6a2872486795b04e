/** The set-up's own parts: prerequisites, lock, fingerprints, and where the addon is found. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprint } from '../../scripts/setup/fingerprint.mjs';
import { atLeast, describe as describeMissing } from '../../scripts/setup/prerequisites.mjs';
import { ended, root, Sandbox } from './sandbox.mjs';

/** @type {Sandbox} */
let sandbox;
beforeEach(() => (sandbox = new Sandbox()));
afterEach(() => sandbox.remove());

describe('prerequisites', () => {
  it('are all named at once, before anything is downloaded', async () => {
    sandbox.copy('scripts', 'package.json', 'package-lock.json', 'tsconfig.json');
    sandbox.env.PATH = sandbox.bin;
    sandbox.stub('getconf', 'exit 0');
    const { status, stderr } = await sandbox.run(process.execPath, 'scripts/setup.mjs', '--tests');
    assert.equal(status, 1);
    for (const missing of [
      'a C++17 compiler',
      'ninja or make',
      'CMake',
      'Python 3',
      "Python's pip",
      'GoogleTest',
    ]) {
      assert.match(
        stderr,
        new RegExp(`missing: .*${missing.replaceAll('+', '\\+')}.*: (apt-get|dnf) install`),
      );
    }
    assert.match(stderr, /all at once: /);
    assert.deepEqual(readdirSync(sandbox.folder).sort(), [
      ...['bin', 'package-lock.json', 'package.json', 'scripts', 'tsconfig.json'],
    ]);
  });

  it('come with the command of the distribution', () => {
    const missing = [{ name: 'CMake', apt: 'cmake', dnf: 'cmake3', present: async () => false }];
    assert.match(describeMissing(missing, 'apt'), /missing: CMake: apt-get install -y cmake$/);
    assert.match(describeMissing(missing, 'dnf'), /missing: CMake: dnf install -y cmake3$/);
  });

  it('compare versions by number', () => {
    assert.ok(atLeast('3.18', '3.18') && atLeast('3.20.1', '3.18') && atLeast('20.19.0', '20.19'));
    assert.ok(!atLeast('3.9', '3.18') && !atLeast('20.9.0', '20.19') && !atLeast('3', '3.18'));
  });
});

describe('the fingerprint', () => {
  it('depends on names and contents, not on the place', () => {
    sandbox.write('a/src/x.cc', 'x');
    sandbox.write('b/src/x.cc', 'x');
    const of = (/** @type {string} */ folder) =>
      fingerprint(join(sandbox.folder, folder), ['src', 'none']);
    assert.equal(of('a'), of('b'));
    sandbox.write('b/src/x.cc', 'y');
    assert.notEqual(of('a'), of('b'));
    sandbox.write('a/src/y.cc', '');
    assert.notEqual(of('a'), fingerprint(join(sandbox.folder, 'a'), ['src/x.cc']));
  });
});

describe('the lock', () => {
  const SCRIPT = `
    import { withLock } from '${join(root, 'scripts', 'setup', 'lock.mjs')}';
    await withLock(process.argv[1], async () => {
      console.log('in');
      if (process.argv[2] === 'stay') await new Promise((resolve) => setTimeout(resolve, 60_000));
      console.log('out');
    });`;
  const args = ['--input-type=module', '-e', SCRIPT];

  it('is free again when its holder is killed, and lets the next one wait until then', async () => {
    const holder = sandbox.start(process.execPath, ...args, sandbox.folder, 'stay');
    await once(/** @type {import('node:stream').Readable} */ (holder.stdout), 'data');
    const waiter = sandbox.start(process.execPath, ...args, sandbox.folder);
    const end = ended(waiter);
    await once(/** @type {import('node:stream').Readable} */ (waiter.stderr), 'data');
    holder.kill('SIGKILL');
    const { status, stdout, stderr } = await end;
    assert.deepEqual([status, stdout], [0, 'in\nout\n']);
    assert.match(stderr, new RegExp(`waits for another set-up to end \\(process ${holder.pid}\\)`));
  });
});

describe('the addon', () => {
  const platform = `linux-${process.arch}`;
  const RESOLVE = ['--input-type=module', '-e'];
  const script = () => `
    import { resolveAddon } from '${join(sandbox.folder, 'scripts', 'setup', 'native.mjs')}';
    console.log(resolveAddon());`;

  /** @param {string} name @param {string} [file] */
  const packageAt = (name, file) => {
    const folder = `node_modules/@tensorgate/${name}`;
    sandbox.write(`${folder}/package.json`, '{"version": "0"}');
    if (file) sandbox.write(`${folder}/${file}`, 'x');
    return join(sandbox.folder, folder);
  };

  it('is taken from the packages for the platform when both are there', async () => {
    sandbox.copy('scripts', 'package.json');
    const ours = packageAt(`${platform}-gnu`, 'tensorgate.node');
    packageAt(`libtensorflow-${platform}-cuda`);
    const { stdout, stderr } = await sandbox.run(process.execPath, ...RESOLVE, script());
    assert.equal(stdout.trim(), join(ours, 'tensorgate.node'), stderr);
  });

  it('of a package is copied beside a library that lies elsewhere', async () => {
    sandbox.copy('scripts', 'package.json');
    packageAt(`${platform}-gnu`, 'tensorgate.node');
    sandbox.write('own/lib/libtensorflow_cc.so.2', '');
    sandbox.write('own/lib/libtensorflow_framework.so.2', '');
    sandbox.write('own/include/tensorflow/c/c_api.h', '');
    sandbox.env.LIBTENSORFLOW_PATH = join(sandbox.folder, 'own');
    sandbox.env.XDG_CACHE_HOME = join(sandbox.folder, 'cache');
    const ensure = script().replaceAll('resolveAddon', 'await ensureAddon').replace('await ', '');
    const first = await sandbox.run(process.execPath, ...RESOLVE, ensure);
    const path = first.stdout.trim();
    assert.match(
      path,
      /\/cache\/tensorgate\/[^/]+\/linux-[^/]+-gnu\/tensorgate\.node$/,
      first.stderr,
    );
    assert.ok(existsSync(join(path, `../../libtensorflow-${platform}/lib/libtensorflow_cc.so.2`)));
    const second = await sandbox.run(process.execPath, ...RESOLVE, script());
    assert.equal(second.stdout, first.stdout);
  });

  it('cannot be had where there is neither a package nor a source', async () => {
    sandbox.copy('scripts', 'package.json');
    const { status, stderr } = await sandbox.run(process.execPath, ...RESOLVE, script());
    assert.equal(status, 1);
    assert.match(stderr, new RegExp(`there is no @tensorgate/${platform}-gnu beside this package`));
  });

  it('is taken from TENSORGATE_NATIVE_DIR first', async () => {
    sandbox.copy('scripts', 'package.json');
    sandbox.write('own/build/Release/tensorgate.node', '');
    sandbox.env.TENSORGATE_NATIVE_DIR = join(sandbox.folder, 'own');
    const { stdout, stderr } = await sandbox.run(process.execPath, ...RESOLVE, script());
    assert.equal(stdout.trim(), join(sandbox.folder, 'own/build/Release/tensorgate.node'), stderr);
  });

  it('makes the command say where it was looked for in vain', async () => {
    sandbox.env.TENSORGATE_NATIVE_DIR = sandbox.folder;
    const args = ['--port=1', '--model_base_path=/models/m'];
    const { status, stderr } = await sandbox.run(join(root, 'bin', 'tensorgate.mjs'), ...args);
    assert.equal(status, 1);
    assert.match(
      stderr,
      /^setup: error: TENSORGATE_NATIVE_DIR=.* lacks build\/Release\/tensorgate\.node$/m,
    );
  });

  it('is not needed for --version, under either name of the command', async () => {
    sandbox.env.TENSORGATE_NATIVE_DIR = sandbox.folder;
    symlinkSync(join(root, 'bin', 'tensorgate.mjs'), join(sandbox.bin, 'tensorflow_model_server'));
    const { status, stdout } = await sandbox.run('tensorflow_model_server', '--version');
    assert.equal(status, 0);
    assert.match(stdout, /^TensorFlow ModelServer: /);
  });
});

describe('the set-up of a checkout', () => {
  it('does nothing when nothing has changed', async () => {
    const { status, stderr } = await sandbox.run(
      process.execPath,
      join(root, 'scripts', 'setup.mjs'),
    );
    assert.equal(status, 0, stderr);
    assert.match(stderr, /^setup: all up to date \(\d+\.\d s\)\n$/);
    assert.ok(existsSync(join(root, 'build', 'Release', 'tensorgate.node')));
  });
});

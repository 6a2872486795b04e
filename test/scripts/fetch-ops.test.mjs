/** scripts/fetch-ops.sh with a small wheel of ours, and the set-up that calls it. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ARCH, fetchFails, pinnedWheel, root, Sandbox } from './sandbox.mjs';

const PINS = readFileSync(join(root, 'scripts', 'ops.sha256'), 'utf8');
const WHEEL = pinnedWheel(
  'ops.sha256',
  (name) => name.startsWith('tensorflow_text-') && name.includes(ARCH),
);
const FILES = {
  'tensorflow_text/python/ops/_b_op.so': 'b',
  'tensorflow_text/python/ops/_a_op.so': 'a',
  'tensorflow_text/python/metrics/_c_op.so': 'c',
  'tensorflow_text/python/ops/a.py': 'not wanted',
  'tensorflow_text/core/pybinds/pybind.so': 'not wanted',
};

/** @type {Sandbox} */
let sandbox;
let dest = '';
beforeEach(() => {
  sandbox = new Sandbox();
  dest = join(sandbox.folder, 'third_party', 'ops', 'text');
  sandbox.copy('scripts', 'package.json', 'tsconfig.json');
  sandbox.offerWheel('ops.sha256', WHEEL, FILES);
});
afterEach(() => sandbox.remove());

describe('fetch-ops.sh', () => {
  const fetch = (/** @type {string[]} */ ...args) =>
    sandbox.run(join(sandbox.folder, 'scripts', 'fetch-ops.sh'), ...args);

  const failsWith = (
    /** @type {Promise<import('./sandbox.mjs').Ended>} */ run,
    /** @type {number} */ status,
    /** @type {RegExp} */ line,
  ) => fetchFails(run, status, line, dest);

  it('keeps the op libraries of the wheel, and nothing else', async () => {
    const { status, stdout, stderr } = await fetch('text');
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^ops \(text\): downloading tensorflow_text-/);
    assert.deepEqual(readdirSync(dest).sort(), ['_a_op.so', '_b_op.so', '_c_op.so', 'ops.stamp']);
    assert.deepEqual(readdirSync(join(dest, '..')), ['text']);
  });

  it('does nothing, and needs no network, when they are already there', async () => {
    assert.equal((await fetch('text', '--check')).status, 10);
    await fetch('text');
    sandbox.unplug();
    assert.equal((await fetch('text', '--check')).status, 0);
    const { status, stdout } = await fetch('text');
    assert.equal(status, 0);
    assert.match(stdout, /already there/);
  });

  it('replaces another version', async () => {
    await fetch('text');
    writeFileSync(join(dest, 'ops.stamp'), 'text 2.20.0 x86_64 0\n');
    writeFileSync(join(dest, '_old_op.so'), '');
    assert.equal((await fetch('text')).status, 0);
    assert.deepEqual(readdirSync(dest).sort(), ['_a_op.so', '_b_op.so', '_c_op.so', 'ops.stamp']);
  });

  it('lists the sets that there are', async () => {
    await failsWith(fetch('txt'), 2, /no ops 'txt'; there are: text$/m);
  });

  it('refuses a wheel with a wrong checksum', async () => {
    sandbox.write('scripts/ops.sha256', PINS);
    await failsWith(fetch('text'), 6, /not the pinned one: sha256 .* expected .*PIP_INDEX_URL/);
  });

  it('names a lack of space, a missing network, a missing Node.js and an unsupported processor', async () => {
    sandbox.stub('df', 'echo header; echo "/dev/x 1 1 7 99% /"');
    await failsWith(fetch('text'), 7, /needs \d+ MB free in .*, 7 MB are/);
    sandbox.stub('df', 'echo header; echo "/dev/x 1 1 7777 99% /"');
    sandbox.unplug();
    await failsWith(fetch('text'), 5, /cannot reach a pip package index.*TENSORGATE_OPS_PATH/);
    sandbox.env.NODE = 'no-node';
    await failsWith(fetch('text'), 4, /needs Node\.js/);
    sandbox.stub('uname', 'if [[ $1 == -m ]]; then echo riscv64; else echo Linux; fi');
    await failsWith(fetch('text'), 3, /no libraries for riscv64/);
  });

  it('pins wheels for the TensorFlow that package.json names, for both processors', () => {
    const { tensorflow } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const minor = tensorflow.split('.').slice(0, 2).join('.');
    assert.equal(PINS.split(`tensorflow_text-${minor}.`).length, 3);
    assert.match(PINS, /x86_64.whl$/m);
    assert.match(PINS, /aarch64.whl$/m);
  });
});

describe('the op libraries of the set-up', () => {
  const ensure = () =>
    sandbox.run(
      process.execPath,
      ...['--input-type=module', '-e'],
      `import { ensureOps, opsOfEnvironment } from '${join(sandbox.folder, 'scripts/setup/ops.mjs')}';
       console.log((await ensureOps(opsOfEnvironment())).join('\\n'));`,
    );

  beforeEach(() => {
    sandbox.env.TENSORGATE_OPS = 'text';
  });

  it('are fetched once, in the checkout, in the order of their names', async () => {
    const first = await ensure();
    assert.equal(
      first.stdout,
      ['a', 'b', 'c'].map((name) => `${dest}/_${name}_op.so\n`).join(''),
      first.stderr,
    );
    sandbox.unplug();
    const second = await ensure();
    assert.deepEqual([second.stdout, second.stderr], [first.stdout, '']);
  });

  it('are fetched into the cache of the user, for an installed package', async () => {
    rmSync(join(sandbox.folder, 'tsconfig.json'));
    sandbox.write('CMakeLists.txt', '');
    sandbox.env.XDG_CACHE_HOME = join(sandbox.folder, 'cache');
    const { stdout, stderr } = await ensure();
    assert.match(stdout, /\/cache\/tensorgate\/ops-text-[0-9a-f]{12}\/_a_op\.so\n/, stderr);
  });

  it('are taken from TENSORGATE_OPS_PATH, where nothing is fetched', async () => {
    sandbox.unplug();
    sandbox.write('own/text/mine.so', '');
    sandbox.env.TENSORGATE_OPS_PATH = join(sandbox.folder, 'own');
    assert.equal((await ensure()).stdout, `${join(sandbox.folder, 'own/text/mine.so')}\n`);
    assert.ok(!existsSync(dest));
  });
});

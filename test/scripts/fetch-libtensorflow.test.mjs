/** scripts/fetch-libtensorflow.sh with a small wheel of ours. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { ARCH, ended, fetchFails, pinnedWheel, root, Sandbox } from './sandbox.mjs';

const PINS = readFileSync(join(root, 'scripts', 'libtensorflow.sha256'), 'utf8');
const WHEEL = pinnedWheel(
  'libtensorflow.sha256',
  (name) => name.includes(ARCH) && (ARCH === 'aarch64' || name.includes('_cpu')),
);
const INCLUDE = 'tensorflow/include';
const FILES = {
  'tensorflow/libtensorflow_cc.so.2': 'cc',
  'tensorflow/libtensorflow_framework.so.2': 'framework',
  'tensorflow/THIRD_PARTY_NOTICES.txt': 'notices',
  'tensorflow/__init__.py': 'not wanted',
  [`${INCLUDE}/tensorflow/c/c_api.h`]: '#include "xla/tsl/c/tsl_status.h"',
  [`${INCLUDE}/tensorflow/c/c_api_experimental.h`]: '#include "tensorflow/c/c_api.h"',
  [`${INCLUDE}/xla/tsl/c/tsl_status.h`]: '',
  [`${INCLUDE}/tensorflow/c/kernels.h`]: 'not wanted',
};

describe('fetch-libtensorflow.sh', () => {
  /** @type {Sandbox} */
  let sandbox;
  let dest = '';

  beforeEach(() => {
    sandbox = new Sandbox();
    dest = join(sandbox.folder, 'third_party', 'libtensorflow');
    sandbox.copy('scripts/fetch-libtensorflow.sh', 'scripts/wheel.sh', 'scripts/setup');
    sandbox.offerWheel('libtensorflow.sha256', WHEEL, FILES);
  });
  afterEach(() => sandbox.remove());

  const fetch = (/** @type {string[]} */ ...args) =>
    sandbox.run(join(sandbox.folder, 'scripts', 'fetch-libtensorflow.sh'), ...args);

  const failsWith = (
    /** @type {Promise<import('./sandbox.mjs').Ended>} */ run,
    /** @type {number} */ status,
    /** @type {RegExp} */ line,
  ) => fetchFails(run, status, line, dest);

  it('unpacks the two libraries and the C headers with all they include, and nothing else', async () => {
    const { status, stderr } = await fetch();
    assert.equal(status, 0, stderr);
    assert.deepEqual(
      readdirSync(dest, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => entry.name)
        .sort(),
      [
        ...['THIRD_PARTY_NOTICES.txt', 'c_api.h', 'c_api_experimental.h', 'libtensorflow.stamp'],
        ...['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2', 'tsl_status.h'],
      ],
    );
    assert.ok(!existsSync(join(dest, '..', '.download')));
  });

  it('does nothing, and needs no network, when it is already there', async () => {
    await fetch();
    sandbox.unplug();
    const { status, stdout } = await fetch();
    assert.equal(status, 0);
    assert.match(stdout, /already there/);
  });

  it('tells with --check whether it would fetch', async () => {
    assert.equal((await fetch('--check')).status, 10);
    await fetch();
    assert.equal((await fetch('--check')).status, 0);
  });

  it('replaces another version', async () => {
    await fetch();
    writeFileSync(join(dest, 'libtensorflow.stamp'), '2.20.0 cpu x86_64 0\n');
    assert.equal((await fetch()).status, 0);
    assert.match(readFileSync(join(dest, 'libtensorflow.stamp'), 'utf8'), /^2\.21\.0 /);
  });

  it('refuses a wheel with a wrong checksum', async () => {
    sandbox.write('scripts/libtensorflow.sha256', PINS);
    await failsWith(fetch(), 6, /not the pinned one: sha256 .* expected .*PIP_INDEX_URL/);
  });

  it('names a missing network', async () => {
    sandbox.unplug();
    await failsWith(fetch(), 5, /cannot reach a pip package index.*LIBTENSORFLOW_PATH/);
  });

  it('names a missing Node.js', async () => {
    sandbox.env.NODE = 'no-node';
    await failsWith(fetch(), 4, /needs Node\.js, and there is no command 'no-node'/);
  });

  it('names a lack of disk space before it downloads', async () => {
    sandbox.stub('df', 'echo header; echo "/dev/x 1 1 7 99% /"');
    await failsWith(fetch(), 7, /needs \d+ MB free in .*, 7 MB are/);
  });

  it('names a lack of disk space met on the way', async () => {
    sandbox.stub('full', 'echo "ENOSPC: no space left on device, write"; exit 1');
    sandbox.env.NODE = 'full';
    await failsWith(fetch(), 7, /no space left/);
  });

  it('names an unsupported processor', async () => {
    sandbox.stub('uname', 'if [[ $1 == -m ]]; then echo riscv64; else echo Linux; fi');
    await failsWith(fetch(), 3, /no cpu library for riscv64/);
  });

  it('fetches for another processor where it is told to', async () => {
    const other = pinnedWheel('libtensorflow.sha256', (name) => name.includes('aarch64'));
    sandbox.offerWheel('libtensorflow.sha256', other, FILES);
    assert.equal((await fetch('--arch=aarch64')).status, 0);
    assert.match(readFileSync(join(dest, 'libtensorflow.stamp'), 'utf8'), /^2\.21\.0 cpu aarch64 /);
  });

  it('refuses an unknown variant', async () => {
    await failsWith(fetch('--variant=tpu'), 2, /no variant 'tpu'/);
  });

  it('leaves nothing when it is interrupted, and works the next time', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = /** @type {import('node:net').AddressInfo} */ (silent.address());
    const { PIP_FIND_LINKS } = sandbox.env;
    sandbox.unplug();
    sandbox.env.PIP_INDEX_URL = `http://127.0.0.1:${port}/simple`;
    const child = sandbox.start(join(sandbox.folder, 'scripts', 'fetch-libtensorflow.sh'));
    const end = ended(child);
    const [connection] = await once(silent, 'connection');
    child.kill('SIGTERM');
    assert.equal((await end).status, 143);
    assert.deepEqual(readdirSync(join(dest, '..')), []);
    connection.destroy();
    silent.close();
    sandbox.env.PIP_FIND_LINKS = PIP_FIND_LINKS;
    assert.equal((await fetch()).status, 0);
  });

  it('clears up after a run that was killed', async () => {
    mkdirSync(join(dest, '..', '.download', '999999999.1'), { recursive: true });
    assert.equal((await fetch()).status, 0);
    assert.deepEqual(readdirSync(join(dest, '..')), ['libtensorflow']);
  });

  it('links a library of the user with LIBTENSORFLOW_PATH, and fetches nothing', async () => {
    const own = join(sandbox.folder, 'own');
    await fetch(`--dest=${own}`);
    sandbox.unplug();
    sandbox.env.LIBTENSORFLOW_PATH = own;
    assert.equal((await fetch()).status, 0);
    assert.equal(readlinkSync(dest), own);
    delete sandbox.env.LIBTENSORFLOW_PATH;
    assert.equal((await fetch('--check')).status, 0, 'the link stays in use');
  });

  it('says what LIBTENSORFLOW_PATH lacks', async () => {
    sandbox.env.LIBTENSORFLOW_PATH = sandbox.folder;
    await failsWith(fetch(), 8, /lacks lib\/libtensorflow_cc\.so\.2/);
  });

  it('pins the version that package.json names', () => {
    const { tensorflow } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const script = readFileSync(join(root, 'scripts', 'fetch-libtensorflow.sh'), 'utf8');
    assert.ok(script.includes(`readonly VERSION=${tensorflow}\n`));
    assert.equal(PINS.split(`-${tensorflow}-`).length, 4);
  });
});

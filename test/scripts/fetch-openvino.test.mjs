/** scripts/fetch-openvino.sh with a small wheel of ours, and the set-up that calls it. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ARCH, fetchFails, pinnedWheel, root, Sandbox } from './sandbox.mjs';

const PINS = readFileSync(join(root, 'scripts', 'openvino.sha256'), 'utf8');
const WHEEL = pinnedWheel('openvino.sha256', (name) => name.includes(ARCH));
const PLUGIN = `libopenvino_${ARCH === 'aarch64' ? 'arm' : 'intel'}_cpu_plugin.so`;
const KEPT = [
  'libopenvino.so.2641',
  'libopenvino_c.so.2641',
  PLUGIN,
  'libopenvino_onnx_frontend.so.2641',
  'libopenvino_tensorflow_lite_frontend.so.2641',
  'libtbb.so.12',
  'libtbbmalloc.so.2',
];
const NOT_KEPT = [
  'libopenvino_intel_gpu_plugin.so',
  'libopenvino_pytorch_frontend.so.2641',
  'libtbbmalloc_proxy.so.2',
  'libtbbbind_2_5.so.3',
  'libhwloc.so.15',
  'cache.json',
];
const FILES = {
  ...Object.fromEntries([...KEPT, ...NOT_KEPT].map((name) => [`openvino/libs/${name}`, name])),
  'openvino/_pyopenvino.so': 'not wanted',
  'openvino-2026.4.1.dist-info/licenses/LICENSE': 'of OpenVINO',
  'openvino-2026.4.1.dist-info/licenses/licensing/runtime-third-party-programs.txt': 'of others',
};

/** @type {Sandbox} */
let sandbox;
let dest = '';
beforeEach(() => {
  sandbox = new Sandbox();
  dest = join(sandbox.folder, 'third_party', 'openvino');
  sandbox.copy('scripts', 'package.json', 'tsconfig.json');
  sandbox.offerWheel('openvino.sha256', WHEEL, FILES);
});
afterEach(() => sandbox.remove());

describe('fetch-openvino.sh', () => {
  const fetch = (/** @type {string[]} */ ...args) =>
    sandbox.run(join(sandbox.folder, 'scripts', 'fetch-openvino.sh'), ...args);

  const failsWith = (
    /** @type {Promise<import('./sandbox.mjs').Ended>} */ run,
    /** @type {number} */ status,
    /** @type {RegExp} */ line,
  ) => fetchFails(run, status, line, dest);

  it('keeps the libraries for CPUs and the notices of the wheel, and nothing else', async () => {
    const { status, stdout, stderr } = await fetch();
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^openvino: downloading openvino-2026/);
    assert.deepEqual(readdirSync(dest).sort(), ['lib', 'licenses', 'openvino.stamp']);
    assert.deepEqual(readdirSync(join(dest, 'lib')).sort(), [...KEPT].sort());
    assert.deepEqual(readdirSync(join(dest, 'licenses')).sort(), [
      'LICENSE',
      'runtime-third-party-programs.txt',
    ]);
  });

  it('does nothing, and needs no network, when it is already there', async () => {
    assert.equal((await fetch('--check')).status, 10);
    await fetch();
    sandbox.unplug();
    assert.equal((await fetch('--check')).status, 0);
    const { status, stdout } = await fetch();
    assert.equal(status, 0);
    assert.match(stdout, /already there/);
  });

  it('replaces another version', async () => {
    await fetch();
    writeFileSync(join(dest, 'openvino.stamp'), '2025.1.0 x86_64 0\n');
    writeFileSync(join(dest, 'lib', 'old.so'), '');
    assert.equal((await fetch()).status, 0);
    assert.deepEqual(readdirSync(join(dest, 'lib')).sort(), [...KEPT].sort());
  });

  it('refuses a wheel with a wrong checksum, and one without the library', async () => {
    sandbox.write('scripts/openvino.sha256', PINS);
    await failsWith(fetch(), 6, /not the pinned one: sha256 .* expected .*PIP_INDEX_URL/);
    sandbox.offerWheel('openvino.sha256', WHEEL, { 'openvino/libs/libtbb.so.12': '' });
    await failsWith(fetch(), 5, /no openvino\/libs\/libopenvino_c\.so in the wheel/);
  });

  it('names a lack of space, a missing network, a missing Node.js and an unsupported processor', async () => {
    sandbox.stub('df', 'echo header; echo "/dev/x 1 1 7 99% /"');
    await failsWith(fetch(), 7, /needs \d+ MB free in .*, 7 MB are/);
    sandbox.stub('df', 'echo header; echo "/dev/x 1 1 7777 99% /"');
    sandbox.unplug();
    await failsWith(fetch(), 5, /cannot reach a pip package index.*OPENVINO_PATH/);
    sandbox.env.NODE = 'no-node';
    await failsWith(fetch(), 4, /needs Node\.js/);
    sandbox.stub('uname', 'if [[ $1 == -m ]]; then echo riscv64; else echo Linux; fi');
    await failsWith(fetch(), 3, /no libraries for riscv64/);
  });

  it('pins wheels of the version that the addon takes, for both processors', () => {
    const taken = /kVersion = "(\d+\.\d+\.)"/.exec(
      readFileSync(join(root, 'binding/openvino/library.cc'), 'utf8'),
    )?.[1];
    assert.equal(PINS.split(`openvino-${taken}`).length, 3);
    assert.match(PINS, /x86_64.whl$/m);
    assert.match(PINS, /aarch64.whl$/m);
  });
});

describe("the set-up's OpenVINO", () => {
  const ensure = () =>
    sandbox.run(
      process.execPath,
      ...['--input-type=module', '-e'],
      `import { ensureOpenVino } from '${join(sandbox.folder, 'scripts/setup/openvino.mjs')}';
       await ensureOpenVino().then((path) => console.log(path), (error) => console.log(error.message));`,
    );

  it('is fetched once, in the checkout', async () => {
    const first = await ensure();
    assert.equal(first.stdout, `${dest}/lib/libopenvino_c.so.2641\n`, first.stderr);
    sandbox.unplug();
    const second = await ensure();
    assert.deepEqual([second.stdout, second.stderr], [first.stdout, '']);
  });

  it('is fetched into the cache of the user, for an installed package', async () => {
    rmSync(join(sandbox.folder, 'tsconfig.json'));
    sandbox.write('CMakeLists.txt', '');
    sandbox.env.XDG_CACHE_HOME = join(sandbox.folder, 'cache');
    const { stdout, stderr } = await ensure();
    assert.match(
      stdout,
      /\/cache\/tensorgate\/openvino-[0-9a-f]{12}\/lib\/libopenvino_c\.so/,
      stderr,
    );
  });

  it('is taken from OPENVINO_PATH, where nothing is fetched', async () => {
    sandbox.unplug();
    sandbox.env.OPENVINO_PATH = join(sandbox.folder, 'own');
    assert.equal(
      (await ensure()).stdout,
      `OPENVINO_PATH=${sandbox.env.OPENVINO_PATH} lacks lib/libopenvino_c.so\n`,
    );
    for (const place of ['', 'runtime/lib/intel64/', 'libs/', 'lib/']) {
      const path = `own/${place}libopenvino_c.so`;
      sandbox.write(path, '');
      assert.equal((await ensure()).stdout, `${join(sandbox.folder, path)}\n`);
    }
    assert.ok(!existsSync(dest));
  });

  it('is kept out by TENSORGATE_OPENVINO=0', async () => {
    sandbox.env.TENSORGATE_OPENVINO = '0';
    assert.equal(
      (await ensure()).stdout,
      'OpenVINO is needed, and TENSORGATE_OPENVINO=0 keeps it out\n',
    );
    assert.ok(!existsSync(dest));
  });
});

/**
 * The npm packages as they are released: their addon is compiled for an old glibc and for both processors, and the one
 * for this machine serves. `npm test -- --only=package` installs the same with the checkout's own addon.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { find } from '../clients/programs.js';
import { IS_WHOLE, skipSuite } from './harness.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const CPUS = ['x64', 'arm64'];

const EMULATOR = 'qemu-aarch64-static';
/** The C library for it, of libc6-arm64-cross. */
const ARM64 = '/usr/aarch64-linux-gnu';
const GOOGLE_TEST = '/usr/src/googletest';

/** Null where the tests for arm64 can be compiled and run here. */
function whyNoEmulator(): string | null {
  if (find(EMULATOR) === null) return `there is no ${EMULATOR}`;
  const missing = [ARM64, GOOGLE_TEST].find((folder) => !existsSync(folder));
  return missing === undefined ? null : `there is no ${missing}`;
}

/** Fails with the end of what it prints. */
function run(script: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, script), ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  assert.equal(status, 0, `${stdout}${stderr}`.slice(-4000));
  return stdout;
}

function addonFor(cpu: string): string {
  return join(ROOT, 'build', 'package', `linux-${cpu}-gnu`, 'Release', 'tensorgate.node');
}

describe('The npm packages', function () {
  this.timeout(1_800_000);
  let out = '';

  before(function () {
    if (!IS_WHOLE) skipSuite(this, 'compiles for minutes: npm run fleet -- --only=packages');
    out = mkdtempSync(join(tmpdir(), 'tensorgate-packages-'));
    run('scripts/package.mjs', [`--out=${out}`]);
  });
  after(() => {
    if (out !== '') rmSync(out, { recursive: true });
  });

  it('are made for both processors', () => {
    assert.deepEqual(
      readdirSync(out).map((name) => name.replace(/-\d+\.\d+\.\d+\.tgz$/, '')),
      ['tensorgate', 'tensorgate-linux-arm64-gnu', 'tensorgate-linux-x64-gnu'],
    );
  });

  for (const cpu of CPUS) {
    it(`ask for glibc 2.28 at most, on ${cpu}`, () => {
      assert.match(
        run('scripts/package/floor.mjs', [addonFor(cpu)]),
        /needs GLIBC 2\.(\d|1\d|2[0-8])$/m,
      );
    });
  }

  it('have a codec for arm64 that passes its native tests, under an emulator', function () {
    const reason = whyNoEmulator();
    if (reason !== null) {
      Object.assign(this.test ?? {}, { skipReason: reason });
      this.skip();
    }
    const printed = run('scripts/package/native-tests.mjs', ['linux-arm64-gnu']);
    const binary = printed.trim().split('\n').at(-1) ?? '';
    const { status, stdout } = spawnSync(EMULATOR, ['-L', ARM64, binary, '--gtest_brief=1'], {
      encoding: 'utf8',
      env: { ...process.env, OPENVINO_PATH: '/nowhere' }, // what is here is for another processor
    });
    assert.equal(status, 0, stdout.slice(-4000));
    console.log(`    ${/^\[ +PASSED +\].*$/m.exec(stdout)?.[0]}`);
  });

  it('serve on this machine, installed without a compiler', () => {
    const report = join(out, 'report.json');
    const tests = join(ROOT, 'test', 'package', 'packages.test.mjs');
    const env = { TENSORGATE_ADDON: addonFor(process.arch) };
    console.log(run('scripts/testing/mocha-run.mjs', [report, tests], env));
    rmSync(report);
  });
});

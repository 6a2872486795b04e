/** scripts/package/floor.mjs: what a library asks of glibc. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { aboveFloor, describeNeeds, highest, needsOf } from '../../scripts/package/floor.mjs';
import { root, Sandbox } from './sandbox.mjs';

describe('the floor of glibc', () => {
  it('is kept by libtensorflow', () => {
    const needs = needsOf(join(root, 'third_party/libtensorflow/lib/libtensorflow_cc.so.2'));
    assert.deepEqual([highest(needs).get('GLIBC'), aboveFloor(needs)], ['2.27', []]);
  });

  it('is missed by a library that asks for more, which is said by symbol', async () => {
    const sandbox = new Sandbox();
    try {
      // A libc of ours, of which a program asks for two versions.
      const declared = 'extern "C" { int old(); int fresh(); }';
      sandbox.write('c.cc', `${declared} int old() { return 1; } int fresh() { return 2; }`);
      sandbox.write('c.map', 'GLIBC_2.17 { old; }; GLIBC_2.99 { fresh; } GLIBC_2.17;');
      sandbox.write('x.cc', `${declared} int x() { return old() + fresh(); }`);
      const at = (/** @type {string} */ name) => join(sandbox.folder, name);
      const compile = (/** @type {string} */ name, /** @type {string[]} */ ...args) => {
        const common = ['-shared', '-nostdlib', '-fPIC', '-o', at(`${name}.so`), at(`${name}.cc`)];
        const { status, stderr } = spawnSync('c++', [...common, ...args]);
        assert.equal(status, 0, String(stderr).slice(0, 1000));
      };
      compile('c', '-Wl,-soname=c.so', `-Wl,--version-script=${at('c.map')}`);
      compile('x', at('c.so'));
      assert.equal(describeNeeds(aboveFloor(needsOf(at('x.so')))), 'GLIBC_2.99: fresh');
      const script = join(root, 'scripts/package/floor.mjs');
      const { status, stdout } = await sandbox.run(process.execPath, script, at('x.so'));
      assert.equal(status, 1);
      assert.match(stdout, /x\.so: needs GLIBC 2\.99; above the floor: GLIBC_2\.99: fresh$/m);
    } finally {
      sandbox.remove();
    }
  });

  it('cannot be told of what is no library', () => {
    assert.throws(() => needsOf(join(root, 'package.json')), /readelf cannot read .*package\.json/);
  });
});

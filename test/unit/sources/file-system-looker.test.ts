import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { ModelConfig } from '../../../src/config/model-config.js';
import { until, watchedFolder } from './watched-folder.js';

describe('FileSystemLooker', () => {
  const watch = watchedFolder();
  const { add, model, reported, start } = watch;

  it('reports the latest version', async () => {
    for (const name of ['42', '17', 'non_numerical_child']) add(name);
    start();
    await until(() => reported() === '42');
    assert.equal(watch.reports[0]?.[1][0]?.path, join(watch.base, '42'));
  });

  it('reports as many of the latest as the policy says', async () => {
    for (const name of ['42', '33', '30', '21', '17']) add(name);
    start([model({ policy: { kind: 'latest', count: 3 } })]);
    await until(() => reported() === '42,33,30');
  });

  it('reports all versions', async () => {
    for (const name of ['42', '17']) add(name);
    start([model({ policy: { kind: 'all' } })]);
    await until(() => reported() === '42,17');
  });

  it('reports specific versions with the path as found, and names those that are missing', async () => {
    for (const name of ['42', '00017', '30']) add(name);
    start([model({ policy: { kind: 'specific', versions: [17n, 30n, 99n] } })]);
    await until(() => reported() === '30,17');
    assert.equal(watch.reports[0]?.[1][1]?.path, join(watch.base, '00017'));
    assert.match(watch.warnings[0] ?? '', /^Version 99 of servable m, which was requested/);
  });

  describe('with a shadow version', () => {
    const shadow = (version: bigint): ModelConfig['shadow'] => ({
      version,
      share: 1,
      tolerance: 0,
    });

    for (const [what, policy, expected] of [
      ['beside the latest', { kind: 'latest', count: 1 }, '5,3'],
      ['beside several', { kind: 'latest', count: 2 }, '5,4,3'],
      ['beside specific ones', { kind: 'specific', versions: [1n] }, '3,1'],
      ['once, though it is named', { kind: 'specific', versions: [1n, 3n] }, '3,1'],
      ['among all', { kind: 'all' }, '5,4,3,1'],
    ] as const) {
      it(`reports it ${what}`, async () => {
        for (const name of ['1', '3', '4', '5']) add(name);
        start([model({ policy, shadow: shadow(3n) })]);
        await until(() => reported() === expected);
        assert.deepEqual(watch.warnings, []);
      });
    }

    it('reports the latest of the others where the shadow is the highest', async () => {
      for (const name of ['1', '2', '3']) add(name);
      start([model({ shadow: shadow(3n) })]);
      await until(() => reported() === '3,2');
    });

    it('names it once when it is not there', async () => {
      add('1');
      start([model({ shadow: shadow(9n) })]);
      await until(() => watch.reports.length > 2);
      assert.equal(reported(), '1');
      assert.deepEqual(watch.warnings, [
        'Shadow version 9 of servable m was not found in the file system',
      ]);
    });
  });

  it('reports the empty set for a specific policy that names no version', async () => {
    add('1');
    start([model({ policy: { kind: 'specific', versions: [] } })]);
    await until(() => reported() === '');
  });

  it('drops a version whose folder was removed or renamed, and finds a new one', async () => {
    for (const name of ['1', '2']) add(name);
    start();
    await until(() => reported() === '2');
    renameSync(join(watch.base, '2'), join(watch.base, 'two'));
    await until(() => reported() === '1');
    add('3');
    await until(() => reported() === '3');
    rmSync(join(watch.base, '3'), { recursive: true });
    rmSync(join(watch.base, '1'), { recursive: true });
    await until(() => reported() === '');
  });

  it('reads a URI of this machine', async () => {
    add('1');
    start([model({ basePath: `file://${watch.base}` })]);
    await until(() => reported() === '1');
    assert.equal(watch.reports[0]?.[1][0]?.path, join(watch.base, '1'));
    assert.deepEqual(await watch.source.found('m'), [1n]);
  });

  it('reports the empty set at once for a model that is dropped, and finds a new one', async () => {
    add('1');
    start();
    await until(() => reported() === '1');
    watch.source.configure([model({ name: 'other' })]);
    assert.equal(reported(), '');
    await until(() => reported('other') === '1');
  });

  it('follows a change of base path, and back', async () => {
    add('1');
    const other = join(watch.base, 'other');
    mkdirSync(join(other, '7'), { recursive: true });
    writeFileSync(join(other, '7', 'saved_model.pb'), '');
    start();
    await until(() => reported() === '1');
    watch.source.configure([model({ basePath: other })]);
    await until(() => reported() === '7');
    assert.equal(watch.reports.at(-1)?.[1][0]?.path, join(other, '7'));
    watch.source.configure([model()]);
    await until(() => reported() === '1');
  });

  it('gives each of several models its own set', async () => {
    add('1');
    mkdirSync(join(watch.base, 'empty'));
    start([
      model(),
      model({ name: 'twin', policy: { kind: 'all' } }),
      model({ name: 'empty', basePath: join(watch.base, 'empty') }),
    ]);
    add('2');
    await until(() => reported() === '2' && reported('twin') === '2,1');
    await until(() => reported('empty') === '');
  });

  it('follows a change of policy', async () => {
    for (const name of ['1', '2']) add(name);
    start();
    await until(() => reported() === '2');
    watch.source.configure([model({ policy: { kind: 'all' } })]);
    await until(() => reported() === '2,1');
  });
});

/** When it looks, for how long files must rest, and what makes a version be tried again. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { StatusCode } from '../../../src/status/serving-error.js';
import { until, watchedFolder } from './watched-folder.js';

describe('FileSystemLooker, of its looks,', () => {
  const watch = watchedFolder();
  const { add, model, reported, start } = watch;

  it('takes as long as it is to between two looks, which a timer may not', async () => {
    add('1');
    start([model()], { pollWaitSeconds: 2 ** 31 });
    await until(() => reported() === '1');
    for (let turn = 0; turn < 20; ++turn) await new Promise(setImmediate);
    assert.equal(watch.reports.length, 1);
  });

  it('waits until the files of a version rest, and then takes it', async () => {
    add('1');
    start([model()], { settleMillis: 200 });
    await until(() => reported() === '1');
    add('2');
    // Written faster than the settling time: it must not be taken before the last write.
    for (let i = 0; i < 20; ++i) {
      writeFileSync(join(watch.base, '2', `file-${i}`), 'x');
      assert.equal(reported(), '1');
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
    }
    await until(() => reported() === '2');
  });

  it('looks again soon at files that do not rest, even where it was to look once', async () => {
    add('1');
    start([model()], { pollWaitSeconds: 0, settleMillis: 50 });
    await until(() => reported() === '1');
  });

  it('looks when it is asked to, even if it never looks by itself, and tells all that is there', async () => {
    for (const name of ['1', '2', 'x']) add(name);
    start([model()], { pollWaitSeconds: -1 });
    assert.deepEqual(watch.reports, []);
    await watch.source.rescan('m');
    assert.equal(reported(), '2');
    assert.deepEqual(await watch.source.found('m'), [2n, 1n]);
    await watch.source.rescan('unknown');
    assert.deepEqual(await watch.source.found('unknown'), []);
    assert.equal(watch.reports.length, 1);
    rmSync(watch.base, { recursive: true });
    await assert.rejects(watch.source.found('m'), { code: StatusCode.NOT_FOUND });
    mkdirSync(watch.base);
  });

  it('gives a failed version a new fingerprint at each rescan, and none in between', async () => {
    add('1');
    watch.failed.add(1n);
    start([model()], { pollWaitSeconds: 0 });
    await until(() => watch.reports.length === 1);
    await watch.source.rescan('m');
    watch.source.configure([model()]);
    await until(() => watch.reports.length === 3);
    await watch.source.rescan('m');
    const [first, second, third, fourth] = watch.reports.map(([, [only]]) => only?.fingerprint);
    assert.notEqual(first, second);
    assert.equal(second, third);
    assert.notEqual(third, fourth);
  });

  it('gives a failed version a new fingerprint when its files change', async () => {
    add('1');
    start();
    await until(() => reported() === '1');
    const before = watch.reports.at(-1)?.[1][0]?.fingerprint;
    watch.failed.add(1n);
    add('1', 'other content');
    await until(() => watch.reports.at(-1)?.[1][0]?.fingerprint !== before);
  });

  it('looks once when told so, and again when it is configured anew', async () => {
    add('1');
    start([model()], { pollWaitSeconds: 0 });
    await until(() => reported() === '1');
    add('2');
    watch.source.configure([model()]);
    await until(() => reported() === '2');
    assert.equal(watch.reports.length, 2);
  });

  it('never looks when told so, unless a model has an interval of its own', async () => {
    add('1');
    start([model(), model({ name: 'own', pollWaitSeconds: 0 })], { pollWaitSeconds: -1 });
    await until(() => reported('own') === '1');
    assert.equal(reported(), 'nothing');
  });
});

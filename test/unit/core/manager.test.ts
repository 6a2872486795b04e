import assert from 'node:assert/strict';

import { ServableState } from '../../../src/core/servable.js';
import { ServingError, StatusCode } from '../../../src/status/serving-error.js';
import { notFound, setUp } from './manager-set-up.js';
import { settled } from './puppet-loader.js';

describe('Manager', () => {
  it('loads an aspired version and hands out handles to it', async () => {
    const { manager, aspire, loader, seen } = setUp();
    await aspire(1n);
    await loader(1n).finishLoad();
    const handle = manager.acquire('m', null);
    assert.equal(handle.servable, 'm:1');
    assert.deepEqual(handle.id, { name: 'm', version: 1n });
    assert.deepEqual(seen, ['1 START', '1 LOADING', '1 AVAILABLE']);
    handle.release();
  });

  it('refuses with the text of upstream what is not available', async () => {
    const { manager, aspire } = setUp();
    assert.throws(
      () => manager.acquire('m', null),
      notFound('Servable not found for request: Latest(m)'),
    );
    await aspire(1n);
    assert.throws(
      () => manager.acquire('m', 1n),
      notFound('Servable not found for request: Specific(m, 1)'),
    );
  });

  it('keeps the old version serving until the new one is available', async () => {
    const { manager, aspire, loader } = setUp();
    await aspire(1n);
    await loader(1n).finishLoad();
    await aspire(2n);
    assert.equal(manager.acquire('m', null).id.version, 1n);
    assert.equal(loader(1n).unloads, 0);
    await loader(2n).finishLoad();
    assert.equal(manager.acquire('m', null).id.version, 2n);
  });

  it('unloads the old version only when its last handle is released', async () => {
    const { manager, aspire, loader, seen } = setUp();
    await aspire(1n);
    await loader(1n).finishLoad();
    const handle = manager.acquire('m', null);
    await aspire(2n);
    await loader(2n).finishLoad();
    assert.ok(seen.includes('1 UNLOADING'));
    assert.equal(loader(1n).unloads, 0);
    handle.release();
    await settled();
    assert.equal(loader(1n).unloads, 1);
    assert.ok(!seen.includes('1 END'));
    await loader(1n).finishUnload();
    assert.ok(seen.includes('1 END'));
  });

  it('refuses a second release of the same handle', async () => {
    const { manager, aspire, loader } = setUp();
    await aspire(1n);
    await loader(1n).finishLoad();
    const handle = manager.acquire('m', null);
    handle.release();
    assert.throws(() => {
      handle.release();
    }, /released twice/);
  });

  it('tells what keeps a model without versions, until there is one', async () => {
    const { manager, aspire, loader } = setUp();
    const missing = new ServingError(StatusCode.NOT_FOUND, '/m; No such file or directory');
    manager.troubled('m', missing);
    assert.deepEqual(manager.names(), ['m']);
    assert.equal(manager.troubleOf('m'), missing);
    const { revision } = manager;
    manager.troubled('m', new ServingError(StatusCode.NOT_FOUND, missing.message));
    assert.equal(manager.revision, revision, 'nothing is new');
    manager.troubled('m', null);
    await aspire(1n);
    await loader(1n).finishLoad();
    assert.equal(manager.troubleOf('m'), null);
    manager.troubled('m', missing);
    assert.equal(manager.troubleOf('m'), null, 'it serves, whatever became of its files');
    assert.equal(manager.troubleOf('unheard of'), null);
  });

  it('unloads everything when no version is aspired any more', async () => {
    const { manager, aspire, loader } = setUp();
    await aspire(1n);
    await loader(1n).finishLoad();
    await aspire();
    await loader(1n).finishUnload();
    assert.throws(() => manager.acquire('m', null), ServingError);
    assert.equal(manager.statuses('m')[0]?.state, ServableState.END);
  });

  it('holds a set that wants a version back until that version is gone', async () => {
    const { manager, aspire, loader } = setUp();
    await aspire(1n);
    const first = loader(1n);
    await first.finishLoad();
    await aspire(); // 1 is being unloaded
    await aspire(1n);
    assert.equal(loader(1n), first);
    await first.finishUnload();
    assert.notEqual(loader(1n), first);
    await loader(1n).finishLoad();
    assert.equal(manager.acquire('m', null).id.version, 1n);
  });

  it('waits for a model that is back, whatever became of it before', async () => {
    const { manager, aspire, loader } = setUp();
    await aspire(1n);
    await loader(1n).finishLoad();
    await aspire();
    await loader(1n).finishUnload();
    let serving = false;
    const waiting = manager.untilServing(['m']).then(() => {
      serving = true;
    });
    await aspire(1n);
    assert.equal(serving, false);
    await loader(1n).finishLoad();
    await waiting;
  });

  it('waits at close for a load in progress and unloads what it brought', async () => {
    const { manager, aspire, loader } = setUp();
    await aspire(1n);
    let closed = false;
    const closing = manager.close().then(() => {
      closed = true;
    });
    await loader(1n).finishLoad();
    assert.equal(loader(1n).unloads, 1);
    assert.equal(closed, false);
    await loader(1n).finishUnload();
    await closing;
  });

  it('names every model it has heard of, and counts its changes', async () => {
    const { manager, aspire, loader } = setUp();
    assert.deepEqual(manager.names(), []);
    const revisions = [manager.revision];
    manager.aspire('empty', []);
    revisions.push(manager.revision);
    await aspire(1n);
    revisions.push(manager.revision);
    await loader(1n).finishLoad();
    revisions.push(manager.revision);
    assert.deepEqual(manager.names(), ['empty', 'm']);
    assert.equal(new Set(revisions).size, revisions.length, String(revisions));
    manager.acquire('m', null).release();
    assert.equal(manager.revision, revisions.at(-1));
  });
});

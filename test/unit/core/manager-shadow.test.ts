/** A version that only repeats requests answers none, and holds no other up. */
import assert from 'node:assert/strict';

import type { Manager } from '../../../src/core/manager.js';
import { notFound, setUp } from './manager-set-up.js';

describe('Manager with a shadow version', () => {
  const served = (manager: Manager<string>): bigint => {
    const handle = manager.acquire('m', null);
    handle.release();
    return handle.id.version;
  };

  it('does not hand it out unless it is named', async () => {
    const { manager, aspire, loader } = setUp(0, () => 3n);
    await aspire(2n, 3n);
    await loader(3n).finishLoad();
    assert.throws(
      () => manager.acquire('m', null),
      notFound('Servable not found for request: Latest(m)'),
    );
    await loader(2n).finishLoad();
    assert.equal(served(manager), 2n);
    assert.equal(manager.acquire('m', 3n).id.version, 3n);
  });

  it('does not take it for one that serves, nor for one that failed', async () => {
    const { manager, aspire, loader } = setUp(0, () => 3n);
    await aspire(2n, 3n);
    let isServing = false;
    const serving = manager.untilServing(['m']).then(() => {
      isServing = true;
    });
    await loader(3n).failLoad('broken');
    assert.equal(isServing, false);
    await loader(2n).finishLoad();
    await serving;
  });

  it('keeps the old version serving until a new one is there besides the shadow', async () => {
    const { manager, aspire, loader } = setUp(0, () => 3n);
    await aspire(1n, 3n);
    await loader(1n).finishLoad();
    await loader(3n).finishLoad();
    await aspire(2n, 3n);
    assert.equal(served(manager), 1n);
    assert.equal(loader(1n).unloads, 0);
    await loader(2n).finishLoad();
    assert.equal(served(manager), 2n);
    assert.equal(loader(1n).unloads, 1);
  });

  it('lets the version that becomes the shadow answer until another can', async () => {
    let shadow: bigint | null = null;
    const { manager, aspire, loader } = setUp(0, () => shadow);
    await aspire(3n);
    await loader(3n).finishLoad();
    shadow = 3n;
    manager.reroute();
    assert.equal(served(manager), 3n);
    await aspire(2n, 3n);
    assert.equal(served(manager), 3n);
    await loader(2n).finishLoad();
    assert.equal(served(manager), 2n);
    shadow = null;
    manager.reroute();
    assert.equal(served(manager), 3n);
  });
});

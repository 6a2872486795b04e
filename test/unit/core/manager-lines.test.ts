/** What upstream's own tests of its manager ask, where manager.test.ts does not: titles are theirs. */
import assert from 'node:assert/strict';

import { Manager } from '../../../src/core/manager.js';
import { ServableState } from '../../../src/core/servable.js';
import { ServingError, StatusCode } from '../../../src/status/serving-error.js';
import { FakeClock, PuppetLoader, settled } from './puppet-loader.js';

function setUp(maxLoadRetries = 0) {
  const loaders: PuppetLoader[] = [];
  const seen: string[] = [];
  const clock = new FakeClock();
  const manager = new Manager<string>({
    loaderFor: (name, version) => {
      const loader = new PuppetLoader(`${name}:${version}`);
      loaders.push(loader);
      return loader;
    },
    maxLoadRetries,
    loadRetryIntervalMillis: 1000,
    clock,
    onState: ({ version }, state) => {
      const name = Object.entries(ServableState).find(([, number]) => number === state)?.[0];
      seen.push(`${version} ${name}`);
    },
  });
  const aspire = async (...versions: bigint[]): Promise<void> => {
    manager.aspire(
      'm',
      versions.map((version) => ({ version, path: `/m/${version}` })),
    );
    await settled();
  };
  const newest = (version: bigint): PuppetLoader =>
    loaders.filter(({ name }) => name === `m:${version}`).at(-1) as PuppetLoader;
  /** The versions that can be had. */
  const available = (): bigint[] =>
    manager
      .statuses('m')
      .filter(({ state }) => state === ServableState.AVAILABLE)
      .map(({ version }) => version);
  const serve = async (...versions: bigint[]): Promise<void> => {
    await aspire(...versions);
    for (const version of versions) await newest(version).finishLoad();
  };
  return { manager, aspire, newest, available, serve, seen, clock, loaders };
}

const had = (manager: Manager<string>, version: bigint | null): string => {
  const handle = manager.acquire('m', version);
  handle.release();
  return handle.servable;
};

describe("Upstream's tests of the manager", () => {
  it('ServableHandleLatest', async () => {
    const { manager, serve } = setUp();
    await serve(7n, 9n, 8n);
    assert.equal(had(manager, null), 'm:9');
  });

  it('ServableHandleLatestVersionIsZero', async () => {
    const { manager, serve } = setUp();
    await serve(0n);
    assert.equal(had(manager, null), 'm:0');
    assert.equal(had(manager, 0n), 'm:0');
  });

  it('ServableHandleSpecificVersion', async () => {
    const { manager, serve } = setUp();
    await serve(1n, 2n);
    assert.equal(had(manager, 1n), 'm:1');
    assert.equal(had(manager, 2n), 'm:2');
    for (const version of [0n, 3n]) {
      assert.throws(
        () => manager.acquire('m', version),
        (error: ServingError) => error.code === StatusCode.NOT_FOUND,
      );
    }
  });

  it('ListAvailableServableIds', async () => {
    const { manager, aspire, newest, available } = setUp();
    assert.deepEqual(available(), []);
    await aspire(1n, 2n, 3n);
    await newest(3n).finishLoad();
    await newest(2n).failLoad('broken');
    assert.deepEqual(available(), [3n]);
    await newest(1n).finishLoad();
    assert.deepEqual(available(), [3n, 1n]);
    assert.equal(manager.isAvailable('m', 2n), false);
  });

  it('AspiredRemovedPartial', async () => {
    const { manager, serve, aspire, newest, available } = setUp();
    await serve(1n, 2n);
    await aspire(2n);
    await newest(1n).finishUnload();
    assert.deepEqual(available(), [2n]);
    assert.equal(had(manager, null), 'm:2');
  });

  it('RevertToSmallerVersionNumber', async () => {
    const { manager, serve, aspire, newest, available } = setUp();
    await serve(10n);
    await aspire(9n);
    assert.equal(had(manager, null), 'm:10');
    await newest(9n).finishLoad();
    await newest(10n).finishUnload();
    assert.equal(had(manager, null), 'm:9');
    assert.deepEqual(available(), [9n]);
  });

  it('ManagerPrefersUnloadOverLoad', async () => {
    const { aspire, serve, seen } = setUp();
    await serve(1n, 2n);
    seen.length = 0;
    await aspire(2n, 3n);
    assert.deepEqual(seen, ['3 START', '1 UNLOADING']);
  });

  it('EventBusServableLifecycle', async () => {
    const { aspire, newest, seen } = setUp();
    await aspire(1n);
    await newest(1n).finishLoad();
    await aspire();
    await newest(1n).finishUnload();
    assert.deepEqual(seen, ['1 START', '1 LOADING', '1 AVAILABLE', '1 UNLOADING', '1 END']);
  });

  it('EventBusErrorOnLoad', async () => {
    const { manager, aspire, newest, seen } = setUp();
    await aspire(1n);
    await newest(1n).failLoad('broken');
    assert.deepEqual(seen, ['1 START', '1 LOADING', '1 END']);
    assert.equal(String(manager.statuses('m')[0]?.error), 'DATA_LOSS: broken');
  });

  it('RetryOnLoadErrorFinallySucceeds', async () => {
    const { manager, aspire, newest, clock } = setUp(1);
    await aspire(1n);
    await newest(1n).failLoad('once');
    await newest(1n).finishLoad();
    assert.equal(had(manager, 1n), 'm:1');
    assert.deepEqual(clock.slept, [1000]);
    assert.equal(manager.statuses('m')[0]?.error, null);
  });

  it('UnaspireFailedServableThenImmediatelyReaspire', async () => {
    const { manager, aspire, newest, loaders } = setUp();
    await aspire(1n);
    await newest(1n).failLoad('broken');
    await aspire();
    await aspire(1n);
    assert.equal(loaders.length, 2);
    await newest(1n).finishLoad();
    assert.equal(had(manager, 1n), 'm:1');
  });

  it('UnaspireNewServableThenImmediatelyReaspire', async () => {
    const { manager, aspire, newest, loaders } = setUp();
    manager.maxParallelLoads = 1;
    await aspire(2n, 1n); // 1 waits for its turn
    assert.equal(newest(1n).loads, 0);
    await aspire(2n);
    await aspire(2n, 1n);
    await newest(2n).finishLoad();
    await newest(1n).finishLoad();
    assert.equal(had(manager, 1n), 'm:1');
    assert.deepEqual(
      loaders.map(({ loads }) => loads),
      [1, 0, 1],
      'the first one of version 1 was never asked to load',
    );
  });

  it('MultipleLoadServables', async () => {
    const { aspire, newest, loaders } = setUp();
    await aspire(1n);
    await aspire(1n);
    assert.equal(loaders.length, 1);
    assert.equal(newest(1n).loads, 1);
  });

  it('MultipleUnloadServables', async () => {
    const { aspire, serve, newest } = setUp();
    await serve(1n);
    await aspire();
    await aspire();
    assert.equal(newest(1n).unloads, 1);
  });

  it('VersionMapDescendingOrder', async () => {
    const { manager, aspire } = setUp();
    await aspire(2n, 10n, 1n);
    assert.deepEqual(
      manager.statuses('m').map(({ version }) => version),
      [10n, 2n, 1n],
    );
  });
});

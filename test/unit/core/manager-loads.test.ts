/** Loads that fail, are tried again, are given up or stopped, and how many there are at once. */
import assert from 'node:assert/strict';

import type { Loader } from '../../../src/core/loader.js';
import { Manager } from '../../../src/core/manager.js';
import { ServableState } from '../../../src/core/servable.js';
import { ServingError } from '../../../src/status/serving-error.js';
import { setUp } from './manager-set-up.js';
import { settled } from './puppet-loader.js';

describe('Manager, of its loads,', () => {
  it('keeps the old version when the new one fails, and shows why', async () => {
    const { manager, aspire, loader } = setUp();
    await aspire(1n);
    await loader(1n).finishLoad();
    await aspire(2n);
    await loader(2n).failLoad('broken checkpoint');
    assert.equal(manager.acquire('m', null).id.version, 1n);
    assert.deepEqual(
      manager.statuses('m').map(({ version, state, error }) => [version, state, error?.message]),
      [
        [2n, ServableState.END, 'broken checkpoint'],
        [1n, ServableState.AVAILABLE, undefined],
      ],
    );
  });

  it('does not try a failed version again while it stays aspired', async () => {
    const { aspire, loader } = setUp();
    await aspire(1n);
    await loader(1n).failLoad('broken');
    await aspire(1n);
    assert.equal(loader(1n).loads, 1);
  });

  it('retries a failed load as often as told, after the interval', async () => {
    const { manager, aspire, loader, clock } = setUp(2);
    await aspire(1n);
    await loader(1n).failLoad('first');
    await loader(1n).failLoad('second');
    assert.equal(manager.statuses('m')[0]?.state, ServableState.LOADING);
    await loader(1n).failLoad('third');
    assert.equal(loader(1n).loads, 3);
    assert.deepEqual(clock.slept, [60_000, 60_000]);
    assert.equal(manager.statuses('m')[0]?.error?.message, 'third');
  });

  it('shows and tells each failed attempt, and when the next one is', async () => {
    const { manager, aspire, loader, clock, failures } = setUp(1);
    clock.holds = true;
    await aspire(1n);
    await loader(1n).failLoad('first');
    const [status] = manager.statuses('m');
    assert.deepEqual(
      [status?.state, String(status?.error)],
      [ServableState.LOADING, 'DATA_LOSS: first'],
    );
    assert.equal(String(manager.troubleOf('m')), 'DATA_LOSS: first');
    assert.deepEqual(failures, ['1: first, attempt 1 of 2, next at 60000']);
    clock.wake();
    await settled();
    await loader(1n).failLoad('second');
    assert.deepEqual(failures.slice(1), [
      'retry 1 of 1',
      '1: second, attempt 2 of 2, next at null',
    ]);
    assert.equal(String(manager.statuses('m')[0]?.error), 'DATA_LOSS: second');
  });

  it('makes no other attempt where none can succeed', async () => {
    const { manager, aspire, loader, clock } = setUp(5);
    await aspire(1n);
    await loader(1n).failLoad('an ONNX model', { isPermanent: true });
    assert.equal(manager.statuses('m')[0]?.state, ServableState.END);
    assert.deepEqual(clock.slept, []);
  });

  it('ends the attempts at files that have changed, and begins anew', async () => {
    const { manager, loader, clock } = setUp(5);
    clock.holds = true;
    const aspire = async (path: string, fingerprint: string): Promise<void> => {
      manager.aspire('m', [{ version: 1n, path, fingerprint }]);
      await settled();
    };
    await aspire('/m/1', 'a');
    const first = loader(1n);
    await first.failLoad('half a file');
    assert.ok(manager.hasFailed('m', 1n));
    await aspire('/m/1', 'a');
    assert.equal(loader(1n), first);
    await aspire('/m/1', 'b');
    const second = loader(1n);
    assert.notEqual(second, first);
    assert.equal(first.loads, 1);
    await aspire('/moved/1', 'c'); // while an attempt is under way
    assert.equal(loader(1n), second);
    await second.failLoad('half a file');
    const third = loader(1n);
    assert.notEqual(third, second);
    await third.finishLoad();
    assert.deepEqual(
      manager.statuses('m').map(({ state, error }) => [state, error]),
      [[ServableState.AVAILABLE, null]],
    );
  });

  it('keeps the reason of a load that is given up before its next attempt', async () => {
    for (const giveUp of ['removed', 'closed'] as const) {
      const { manager, aspire, loader, clock, failures } = setUp(5);
      clock.holds = true;
      await aspire(1n);
      await loader(1n).failLoad('no such op');
      if (giveUp === 'removed') await aspire();
      else await manager.close();
      const [status] = manager.statuses('m');
      assert.deepEqual([status?.state, status?.error?.message], [ServableState.END, 'no such op']);
      assert.equal(failures.at(-1), '1: cancelled, no such op');
    }
  });

  it('takes a version back at once that still serves in place of a failed one', async () => {
    const { manager, aspire, loader, seen } = setUp();
    await aspire(1n);
    await loader(1n).finishLoad();
    await aspire(2n);
    await loader(2n).failLoad('broken');
    await aspire(1n); // the broken version was removed
    await aspire(2n); // and is back
    assert.equal(loader(2n).loads, 1, 'it is a new loader');
    await loader(2n).finishLoad();
    assert.equal(manager.acquire('m', null).id.version, 2n);
    assert.equal(seen.filter((text) => text === '1 LOADING').length, 1);
  });

  it('tries a failed version again when its files have changed', async () => {
    const { manager, loader } = setUp();
    manager.aspire('m', [{ version: 1n, path: '/m/1', fingerprint: 'a' }]);
    await loader(1n).failLoad('broken');
    const first = loader(1n);
    manager.aspire('m', [{ version: 1n, path: '/m/1', fingerprint: 'a' }]);
    assert.equal(loader(1n), first);
    manager.aspire('m', [{ version: 1n, path: '/m/1', fingerprint: 'b' }]);
    await settled();
    await loader(1n).finishLoad();
    assert.equal(manager.acquire('m', null).id.version, 1n);
  });

  it('drops a load whose version is no longer wanted, and says that it was cancelled', async () => {
    const { manager, aspire, loader } = setUp();
    await aspire(1n);
    await aspire();
    await loader(1n).finishLoad();
    assert.equal(loader(1n).unloads, 1);
    await loader(1n).finishUnload();
    const status = manager.statuses('m')[0];
    assert.equal(status?.state, ServableState.END);
    assert.equal(String(status?.error), 'CANCELLED: Loading of servable cancelled');
  });

  it('stops a load whose version is superseded, or not wanted any more', async () => {
    const { manager, aspire, loader } = setUp();
    await aspire(1n);
    assert.equal(loader(1n).stop?.aborted, false);
    await aspire(2n);
    assert.equal(loader(1n).stop?.aborted, true);
    await loader(1n).finishLoad(); // too late to be stopped
    assert.equal(loader(1n).unloads, 1);
    await loader(2n).finishLoad();
    assert.equal(manager.acquire('m', null).id.version, 2n);
    await aspire(3n);
    await aspire();
    assert.equal(loader(3n).stop?.aborted, true);
  });

  it('lets every further load go on and serve where versions come faster than they load', async () => {
    const { manager, aspire, loader, seen } = setUp();
    manager.maxParallelLoads = 1;
    const served = (): bigint => manager.acquire('m', null).id.version;
    await aspire(1n);
    await loader(1n).finishLoad();
    await aspire(2n);
    await aspire(3n);
    await loader(2n).failLoad('stopped');
    await aspire(4n);
    await aspire(5n);
    assert.equal(loader(3n).stop?.aborted, false);
    await loader(3n).finishLoad();
    assert.equal(served(), 3n);
    assert.ok(seen.includes('1 UNLOADING'));
    assert.equal(loader(4n).loads, 0, 'nothing is begun for a version that is not the newest');
    await aspire(6n);
    await loader(5n).finishLoad();
    assert.equal(served(), 5n);
    await loader(6n).finishLoad();
    assert.equal(served(), 6n);
    await aspire(7n);
    await aspire(8n);
    assert.equal(loader(7n).stop?.aborted, true, 'the newest one was reached');
  });

  it('ends the wait for the next attempt when the version is no longer wanted', async () => {
    const { manager, aspire, loader, clock } = setUp(1);
    clock.holds = true;
    await aspire(1n);
    await loader(1n).failLoad('first');
    await aspire();
    await settled();
    assert.equal(loader(1n).loads, 1);
    assert.equal(manager.statuses('m')[0]?.state, ServableState.END);
  });

  it('runs no more loads at once than told, and lets a wait for a retry take no place', async () => {
    const { manager, loader, clock } = setUp(1);
    manager.maxParallelLoads = 1;
    clock.holds = true;
    const versions = [1n, 2n, 3n].map((version) => ({ version, path: `/m/${version}` }));
    manager.aspire('m', versions);
    await settled();
    assert.deepEqual(
      [3n, 2n, 1n].map((version) => loader(version).loads),
      [1, 0, 0],
    );
    await loader(3n).failLoad('broken');
    assert.deepEqual(
      [3n, 2n, 1n].map((version) => loader(version).loads),
      [1, 1, 0],
    );
  });

  it('tells at start which models failed, in the words of upstream', async () => {
    const { manager, aspire, loader } = setUp();
    await aspire(1n);
    const refused = assert.rejects(manager.untilServing(['m']), (error: unknown) => {
      assert.ok(error instanceof ServingError);
      assert.equal(
        error.toString(),
        'UNKNOWN: 1 servable(s) did not become available: ' +
          '{{{name: m version: 1} due to error: DATA_LOSS: broken}, }',
      );
      return true;
    });
    await loader(1n).failLoad('broken');
    await refused;
  });

  it('lets others load while one waits for them, and ends that wait when it is not wanted', async () => {
    const told: string[] = [];
    let found: () => void = () => undefined;
    const waiting: Loader<string> = {
      ready: (stop) =>
        new Promise((resolve) => {
          found = resolve;
          stop.addEventListener('abort', () => resolve());
        }),
      load: () => Promise.resolve('waits'),
      unload: () => Promise.resolve(),
    };
    const plain: Loader<string> = {
      load: () => Promise.resolve('plain'),
      unload: () => Promise.resolve(),
    };
    const manager = new Manager<string>({
      loaderFor: (name) => (name === 'plain' ? plain : waiting),
      parallelLoads: 1,
      maxLoadRetries: 0,
      loadRetryIntervalMillis: 0,
      onState: ({ name }, state) => told.push(`${name} ${state}`),
    });
    manager.aspire('waits', [{ version: 1n, path: '/w/1' }]);
    manager.aspire('plain', [{ version: 1n, path: '/p/1' }]);
    await settled();
    const { START, LOADING, AVAILABLE, END } = ServableState;
    const loaded = [`plain ${START}`, `plain ${LOADING}`, `plain ${AVAILABLE}`];
    assert.deepEqual(told, [`waits ${START}`, ...loaded]);
    found();
    await settled();
    assert.deepEqual(told.splice(0).slice(4), [`waits ${LOADING}`, `waits ${AVAILABLE}`]);
    manager.aspire('given up', [{ version: 1n, path: '/g/1' }]);
    await settled();
    manager.aspire('given up', []);
    await settled();
    assert.deepEqual(told, [`given up ${START}`, `given up ${END}`]);
    await manager.close();
  });
});

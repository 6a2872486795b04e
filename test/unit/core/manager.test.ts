import assert from 'node:assert/strict';

import { Manager } from '../../../src/core/manager.js';
import { ServableState, type ServableId } from '../../../src/core/servable.js';
import { ServingError, StatusCode } from '../../../src/status/serving-error.js';
import { FakeClock, PuppetLoader, settled } from './puppet-loader.js';

function setUp(maxLoadRetries = 0, shadowOf: () => bigint | null = () => null) {
  const loaders = new Map<bigint, PuppetLoader>();
  const seen: string[] = [];
  const failures: string[] = [];
  const clock = new FakeClock();
  const manager = new Manager<string>({
    loaderFor: (name, version) => {
      const loader = new PuppetLoader(`${name}:${version}`);
      loaders.set(version, loader);
      return loader;
    },
    maxLoadRetries,
    loadRetryIntervalMillis: 60_000,
    clock,
    shadowOf,
    onFailure: ({ version }, { error, ...failure }) => {
      const what =
        failure.kind === 'load'
          ? `${error.message}, attempt ${failure.attempt} of ${failure.attempts}, next at ${failure.nextMillis}`
          : `${failure.kind}, ${error.message}`;
      failures.push(`${version}: ${what}`);
    },
    onRetry: ({ version }, retry) => failures.push(`retry ${retry} of ${version}`),
    onState: (id: ServableId, state) => {
      const name = Object.entries(ServableState).find(([, number]) => number === state)?.[0];
      seen.push(`${id.version} ${name}`);
    },
  });
  const aspire = async (...versions: bigint[]): Promise<void> => {
    manager.aspire(
      'm',
      versions.map((version) => ({ version, path: `/m/${version}` })),
    );
    await settled();
  };
  const loader = (version: bigint): PuppetLoader => {
    const found = loaders.get(version);
    assert.ok(found, `no loader was made for version ${version}`);
    return found;
  };
  return { manager, aspire, loader, seen, clock, failures };
}

function notFound(message: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ServingError);
    assert.equal(error.code, StatusCode.NOT_FOUND);
    assert.equal(error.message, message);
    return true;
  };
}

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

  describe('with a shadow version', () => {
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

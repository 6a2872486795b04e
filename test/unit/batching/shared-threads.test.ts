import assert from 'node:assert/strict';

import { AutoQueue, BatchScheduler, SharedThreads } from '../../../src/batching/index.js';
import { PuppetClock, PuppetHandler, task } from './puppet.js';

describe('SharedThreads', () => {
  const shared = (total: number, schedulers: number): SharedThreads[] => {
    const busy = new Int32Array(new SharedArrayBuffer(4));
    return Array.from({ length: schedulers }, () => new SharedThreads(total, schedulers, busy));
  };

  it('lets one scheduler have all threads while the others have none', () => {
    const [one] = shared(4, 2) as [SharedThreads];
    for (let own = 0; own < 4; ++own) {
      assert.equal(one.idle(own), 4 - own);
      one.begin();
    }
    assert.equal(one.idle(4), 0);
    one.end();
    assert.equal(one.idle(3), 1);
  });

  it('keeps a share for each, whatever the others have', () => {
    const [one, other] = shared(4, 2) as [SharedThreads, SharedThreads];
    for (let own = 0; own < 4; ++own) one.begin();
    assert.equal(other.idle(0), 2);
    other.begin();
    other.begin();
    assert.equal(other.idle(2), 0);
    assert.equal(one.idle(4), -2);
  });

  it('has at least one thread for each of more schedulers than there are threads', () => {
    const [one, other] = shared(1, 3) as [SharedThreads, SharedThreads];
    one.begin();
    assert.equal(other.idle(0), 1);
  });

  it('is what schedulers go by: each starts what it may, and more when its own ends', () => {
    const clock = new PuppetClock();
    const options = { capacity: 100, budgetMillis: 50, maxBatchRows: 1, threads: 4 };
    const [one, other] = shared(4, 2).map((threads) => {
      const handler = new PuppetHandler();
      const scheduler = new BatchScheduler(4, clock, threads);
      const queue = scheduler.add(new AutoQueue<string>(options), handler);
      return { handler, scheduler, enqueue: (name: string) => queue.enqueue(task(name)) };
    }) as [Side, Side];
    for (const name of ['1', '2', '3', '4', '5']) one.enqueue(name);
    clock.turn();
    assert.deepEqual(one.handler.names, ['1', '2', '3', '4']);
    for (const name of ['a', 'b', 'c']) other.enqueue(name);
    clock.turn();
    assert.deepEqual(other.handler.names, ['a', 'b']);
    one.handler.endFirst();
    clock.turn();
    assert.deepEqual(one.handler.names, ['2', '3', '4'], 'all are in use, and more than its share');
    assert.ok(!one.scheduler.tryBegin());
    other.handler.endFirst();
    clock.turn();
    assert.deepEqual(other.handler.names, ['b', 'c']);
    for (let i = 0; i < 2; ++i) one.handler.endFirst();
    clock.turn();
    assert.deepEqual(one.handler.names, ['4', '5']);
  });
});

interface Side {
  readonly handler: PuppetHandler;
  readonly scheduler: BatchScheduler;
  readonly enqueue: (name: string) => void;
}

import assert from 'node:assert/strict';

import { NO_PARAMETERS, queueOptions } from '../../../src/batching/queue-options.js';
import {
  BatchScheduler,
  TunedQueue,
  type BatchingParameters,
  type ScheduledQueue,
} from '../../../src/batching/index.js';
import { StatusCode } from '../../../src/status/serving-error.js';
import { PuppetClock, PuppetHandler, refuses, task } from './puppet.js';

describe('TunedQueue', () => {
  let clock: PuppetClock;
  let handler: PuppetHandler;
  let tuned: TunedQueue<string>;
  let queue: ScheduledQueue<string>;
  let scheduler: BatchScheduler;

  const start = (parameters: Partial<BatchingParameters>): void => {
    clock = new PuppetClock();
    handler = new PuppetHandler();
    scheduler = new BatchScheduler(parameters.numBatchThreads ?? 1, clock);
    tuned = new TunedQueue(queueOptions({ ...NO_PARAMETERS, ...parameters }));
    queue = scheduler.add(tuned, handler);
  };

  it('runs what one turn of the event loop brings together, at once with a timeout of 0', () => {
    start({});
    queue.enqueue(task('a'));
    queue.enqueue(task('b', 2));
    clock.turn();
    assert.deepEqual(handler.names, ['a+b']);
    assert.equal(handler.running[0]?.batch.rows, 3);
  });

  it('waits for the timeout, from the first task of the batch on', () => {
    start({ maxBatchSize: 8, batchTimeoutMicros: 5000 });
    queue.enqueue(task('a'));
    clock.pass(4);
    queue.enqueue(task('b'));
    clock.pass(0.9);
    assert.deepEqual(handler.names, []);
    clock.pass(0.2);
    assert.deepEqual(handler.names, ['a+b']);
  });

  it('does not wait with a full batch', () => {
    start({ maxBatchSize: 2, batchTimeoutMicros: 1e6 });
    queue.enqueue(task('a'));
    queue.enqueue(task('b'));
    clock.turn();
    assert.deepEqual(handler.names, ['a+b']);
    assert.equal(clock.timers, 0);
  });

  it('closes a batch that the next task does not fit, without filling it up later', () => {
    start({ maxBatchSize: 4, batchTimeoutMicros: 1000, numBatchThreads: 3 });
    queue.enqueue(task('a', 3));
    queue.enqueue(task('b', 2));
    queue.enqueue(task('c', 1));
    clock.turn();
    assert.deepEqual(handler.names, ['a']);
    clock.pass(1);
    assert.deepEqual(handler.names, ['a', 'b+c']);
  });

  it('refuses a task that no batch can hold', () => {
    start({ maxBatchSize: 4 });
    assert.throws(
      () => queue.enqueue(task('a', 5)),
      refuses(StatusCode.INVALID_ARGUMENT, 'Task size 5 is larger than maximum input batch size 4'),
    );
  });

  it('does not limit tasks where max_batch_size is negative', () => {
    start({ maxBatchSize: -1 });
    queue.enqueue(task('a', 5000));
    clock.turn();
    assert.deepEqual(handler.names, ['a']);
  });

  it('refuses a task that finds the queue full; a running batch does not count', () => {
    start({ maxBatchSize: 1, maxEnqueuedBatches: 2 });
    queue.enqueue(task('a'));
    clock.turn();
    queue.enqueue(task('b'));
    queue.enqueue(task('c'));
    assert.throws(
      () => queue.enqueue(task('d')),
      refuses(
        StatusCode.UNAVAILABLE,
        'The batch scheduling queue to which this task was submitted is full; currently 2 batches ' +
          'enqueued and max_enqueued_batches is 2',
      ),
    );
    assert.equal(tuned.statistics.refused, 1);
    handler.endFirst();
    clock.turn();
    assert.deepEqual(handler.names, ['b']);
    queue.enqueue(task('d'));
  });

  it('takes max_enqueued_batches of 0 and below for 1', () => {
    start({ maxBatchSize: 1, maxEnqueuedBatches: 0 });
    queue.enqueue(task('a'));
    assert.throws(
      () => queue.enqueue(task('b')),
      /currently 1 batches .* max_enqueued_batches is 1/,
    );
  });

  it('pads up to the first allowed size', () => {
    start({ maxBatchSize: 8, allowedBatchSizes: [2, 4, 8], numBatchThreads: 3 });
    queue.enqueue(task('a', 3));
    clock.turn();
    queue.enqueue(task('b', 4));
    clock.turn();
    queue.enqueue(task('c', 1));
    clock.turn();
    assert.deepEqual(
      handler.running.map(({ batch }) => batch.paddedRows),
      [4, 4, 2],
    );
    const padding = tuned.statistics.paddingRows;
    assert.deepEqual([padding.get(4)?.sum, padding.get(2)?.sum], [1, 1]);
  });

  it('takes allowed sizes that do not increase in the order they have', () => {
    start({ maxBatchSize: 4, allowedBatchSizes: [8, 4] });
    queue.enqueue(task('a', 3));
    clock.turn();
    assert.equal(handler.running[0]?.batch.paddedRows, 8);
  });

  it('keeps tasks of unequal shape apart, each with its own batch', () => {
    start({ numBatchThreads: 2 });
    queue.enqueue(task('a', 1, { shape: 1 }));
    queue.enqueue(task('b', 1, { shape: 2 }));
    queue.enqueue(task('c', 1, { shape: 1 }));
    clock.turn();
    assert.deepEqual(handler.names, ['a+c', 'b']);
  });

  it('forms a batch early where its earliest deadline needs that', () => {
    start({ maxBatchSize: 8, batchTimeoutMicros: 1e6 });
    queue.enqueue(task('a', 8));
    clock.turn();
    handler.endFirst({ millis: 6 });
    queue.enqueue(task('b', 1, { deadline: clock.now() + 20 }));
    queue.enqueue(task('c', 8 - 2));
    clock.pass(9.9);
    assert.deepEqual(handler.names, []);
    clock.pass(0.2); // 20 ms less the 6 of a run, 2, and a tenth of them
    assert.deepEqual(handler.names, ['b+c']);
  });

  it('drops late tasks when it forms the batch, and runs the others', () => {
    start({ maxBatchSize: 4 });
    queue.enqueue(task('running', 4));
    clock.turn();
    queue.enqueue(task('a', 1, { deadline: clock.now() + 5 }));
    queue.enqueue(task('b'));
    clock.pass(5);
    handler.endFirst();
    clock.turn();
    assert.deepEqual(handler.names, ['b']);
    assert.deepEqual(handler.dropped, [
      'a: RESOURCE_EXHAUSTED: Run() timeout exceeded while waiting in batching queue',
    ]);
    assert.equal(tuned.depth, 0);
    assert.equal(tuned.statistics.dropped, 1);
  });

  it('goes on with the next batch where all tasks of one are late', () => {
    start({ maxBatchSize: 1 });
    queue.enqueue(task('running'));
    clock.turn();
    queue.enqueue(task('a', 1, { deadline: clock.now() + 5 }));
    queue.enqueue(task('b'));
    clock.pass(5);
    handler.endFirst();
    clock.turn();
    assert.deepEqual(handler.names, ['b']);
  });

  it('drops a task whose client has gone', () => {
    start({ maxBatchSize: 4, batchTimeoutMicros: 1000 });
    let gone = false;
    queue.enqueue({ ...task('a'), isGone: () => gone });
    queue.enqueue(task('b'));
    gone = true;
    clock.pass(1);
    assert.deepEqual(handler.names, ['b']);
    assert.deepEqual(handler.dropped, ['a: CANCELLED: The client has gone.']);
    assert.equal(tuned.depth, 0);
  });

  it('lets nothing wait once it is flushed', () => {
    start({ batchTimeoutMicros: 1e6, numBatchThreads: 2 });
    queue.enqueue(task('a'));
    clock.turn();
    assert.deepEqual(handler.names, []);
    scheduler.flush();
    clock.turn();
    assert.deepEqual(handler.names, ['a']);
    queue.enqueue(task('b'));
    clock.turn();
    assert.deepEqual(handler.names, ['a', 'b']);
  });

  it('runs a task without rows', () => {
    start({ batchTimeoutMicros: 1000 });
    queue.enqueue(task('none', 0));
    clock.pass(1);
    assert.deepEqual(handler.names, ['none']);
  });

  describe('with large batch splitting', () => {
    const splitting = { enableLargeBatchSplitting: true, maxBatchSize: 100 };

    it('fills the open batch first, then makes batches of the execution size', () => {
      start({ ...splitting, maxExecutionBatchSize: 4, numBatchThreads: 4 });
      queue.enqueue(task('a', 3));
      queue.enqueue(task('b', 6));
      clock.turn();
      assert.deepEqual(handler.names, ['a+b[0:1]', 'b[1:5]', 'b[5:6]']);
      assert.equal(tuned.depth, 0);
    });

    it('says how much would have fitted', () => {
      start({ ...splitting, maxExecutionBatchSize: 4, maxEnqueuedBatches: 2 });
      queue.enqueue(task('a', 1));
      assert.throws(
        () => queue.enqueue(task('b', 8)),
        refuses(
          StatusCode.UNAVAILABLE,
          'The batch scheduling queue to which this task was submitted is full; task size is 8 but ' +
            'scheduling capacity is only 7 (num_enqueued_batches=1, max_enqueued_batches=2, ' +
            'open_batch_size=1, max_execution_batch_size=4)',
        ),
      );
      queue.enqueue(task('c', 7));
    });

    it('keeps the other pieces of a task that has begun to run, whatever its deadline', () => {
      start({ ...splitting, maxExecutionBatchSize: 2 });
      const a = task('a', 4, { deadline: clock.now() + 5 });
      queue.enqueue(a);
      clock.turn();
      assert.deepEqual(handler.names, ['a[0:2]']);
      clock.pass(6);
      handler.endFirst();
      clock.turn();
      assert.deepEqual(handler.names, ['a[2:4]']);
      assert.deepEqual(handler.dropped, []);
    });

    it('takes the maximum for the execution size where none is given', () => {
      start({ enableLargeBatchSplitting: true });
      queue.enqueue(task('a', 1000));
      clock.turn();
      assert.deepEqual(handler.names, ['a']);
    });
  });
});

import assert from 'node:assert/strict';

import { EventLoopStalls } from '../../../src/metrics/event-loop-stalls.js';

describe('EventLoopStalls', () => {
  let now: number;
  let lines: unknown[][];
  beforeEach(() => {
    now = 0;
    lines = [];
  });

  function watching(limitMillis: number): EventLoopStalls {
    const log = { warn: (...line: unknown[]) => lines.push(line) };
    return new EventLoopStalls({ thread: '2', limitMillis, log: log as never, now: () => now });
  }

  /** A look so long after the last. */
  function lookAfter(stalls: EventLoopStalls, millis: number): void {
    now += millis;
    stalls.look();
  }

  const countOf = (stalls: EventLoopStalls): unknown => [...stalls.family.samples()];

  it('logs and counts looks that come late by the limit, no others', () => {
    const stalls = watching(1000);
    lookAfter(stalls, 100);
    lookAfter(stalls, 1099);
    assert.deepEqual(countOf(stalls), [{ labelValues: ['2'], value: 0 }]);
    lookAfter(stalls, 1100);
    lookAfter(stalls, 5100.4);
    assert.deepEqual(countOf(stalls), [{ labelValues: ['2'], value: 2 }]);
    assert.deepEqual(lines, [
      [{ thread: '2', millis: 1000 }, 'the event loop stalled'],
      [{ thread: '2', millis: 5000 }, 'the event loop stalled'],
    ]);
  });

  it('says of many in a row how many there were, once a second', () => {
    const stalls = watching(20);
    for (let i = 0; i < 20; ++i) lookAfter(stalls, 100);
    lookAfter(stalls, 100);
    assert.deepEqual(countOf(stalls), [{ labelValues: ['2'], value: 21 }]);
    assert.deepEqual(
      lines.map(([fields]) => fields),
      [
        { thread: '2', millis: 90 },
        { thread: '2', millis: 90, others: 9 },
        { thread: '2', millis: 90, others: 9 },
      ],
    );
  });

  it('sees a loop that is held up', async () => {
    const log = { warn: (...line: unknown[]) => lines.push(line) };
    const stalls = new EventLoopStalls({ thread: 'main', limitMillis: 50, log: log as never });
    stalls.start();
    const until = performance.now() + 200;
    while (performance.now() < until);
    while (lines.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    stalls.stop();
    assert.equal(lines[0]?.[1], 'the event loop stalled');
  });

  it('looks at nothing with a limit of 0', async () => {
    let looks = 0;
    const log = { warn: () => assert.fail('there is nothing to say') };
    const clock = (): number => ++looks;
    new EventLoopStalls({ thread: 'main', limitMillis: 0, log, now: clock }).start();
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.equal(looks, 0);
  });
});

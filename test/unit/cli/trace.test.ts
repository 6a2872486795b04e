import assert from 'node:assert/strict';

import { chromeTrace, isRun, opTimes, type TraceLine } from '../../../src/cli/trace.js';

const event = (name: string, startMicros: number, micros: number): TraceLine['events'][number] => ({
  name,
  startMicros,
  micros,
});
const LINES: readonly TraceLine[] = [
  {
    id: 7,
    name: 'run/7',
    events: [
      event('SessionRun m/1', 0, 100),
      event('f:Call', 10, 50),
      event('a:Mul', 20, 30),
      event('b:Add', 60, 10),
      event('SessionRun m/1', 100, 10),
      event('a:Mul', 100, 10),
    ],
  },
  { id: 8, name: 'pool', events: [event('a:Mul', 0, 5)] },
];

describe('opTimes', () => {
  it('takes from each what lies within, the longest self time first', () => {
    assert.deepEqual(opTimes(LINES), [
      { name: 'a:Mul', count: 3, micros: 45, selfMicros: 45 },
      { name: 'SessionRun m/1', count: 2, micros: 110, selfMicros: 40 },
      { name: 'f:Call', count: 1, micros: 50, selfMicros: 20 },
      { name: 'b:Add', count: 1, micros: 10, selfMicros: 10 },
    ]);
    assert.deepEqual(opTimes(LINES).map(isRun), [false, true, false, false]);
  });

  it('is empty without events', () => {
    assert.deepEqual(opTimes([]), []);
  });
});

describe('chromeTrace', () => {
  it('is JSON that names process and threads', () => {
    const text = [...chromeTrace('a "server"', LINES)].join('');
    const { traceEvents } = JSON.parse(text) as { traceEvents: Record<string, unknown>[] };
    const named = traceEvents.filter(({ ph }) => ph === 'M').map(({ args }) => args);
    assert.deepEqual(named, [{ name: 'a "server"' }, { name: 'run/7' }, { name: 'pool' }]);
    const events = traceEvents.filter(({ ph }) => ph === 'X');
    assert.equal(events.length, 7);
    assert.deepEqual(events[1], { ph: 'X', pid: 1, tid: 7, name: 'f:Call', ts: 10, dur: 50 });
  });
});

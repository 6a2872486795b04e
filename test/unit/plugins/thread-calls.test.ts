import assert from 'node:assert/strict';

import type { ToThread } from '../../../src/plugins/messages.js';
import { ThreadCalls, type CallEnd, type CallMessage } from '../../../src/plugins/thread-calls.js';
import { ServingError, StatusCode } from '../../../src/status/serving-error.js';

const GRACE_MILLIS = 20;
/** That it does not come can only be waited for. */
const LONG_ENOUGH = 100;

describe('ThreadCalls', () => {
  let running: Int32Array;
  let posted: ToThread[];
  let hangs: string[];
  let calls: ThreadCalls;
  let codes: (number | null)[];
  const end: CallEnd = (error) => void codes.push(error?.code ?? null);
  const run = (call: number): CallMessage => ({
    kind: 'run',
    call,
    key: 1,
    inputs: 1,
    signature: '',
    outputs: [],
  });
  const sleep = (millis: number): Promise<void> => new Promise((r) => setTimeout(r, millis));

  beforeEach(() => {
    [running, posted, hangs, codes] = [new Int32Array(1), [], [], []];
    calls = new ThreadCalls({
      post: (message) => void posted.push(message),
      running,
      graceMillis: GRACE_MILLIS,
      onHang: (where) => void hangs.push(where),
    });
  });

  function sent(timeoutMillis: number, what = 'a run'): number {
    const call = calls.open(end, timeoutMillis, what);
    calls.send(run(call));
    return call;
  }

  it('answers once, and knows what comes too late', () => {
    const call = sent(0);
    assert.ok(calls.close(call, null, 7));
    assert.ok(!calls.close(call, null, 8));
    assert.deepEqual([codes, calls.size], [[null], 0]);
  });

  it('ends a call at its deadline, and keeps it until the thread tells back', async () => {
    const call = sent(1);
    while (codes.length === 0) await sleep(1);
    assert.deepEqual(codes, [StatusCode.DEADLINE_EXCEEDED]);
    assert.deepEqual([posted.at(-1)?.kind, calls.size], ['cancel', 1]);
    calls.acknowledged(call);
    assert.equal(calls.size, 0);
    await sleep(LONG_ENOUGH);
    assert.deepEqual(hangs, []);
  });

  it('reports a thread that does not tell back, and what it is in', async () => {
    running[0] = sent(1, 'a run of m:1');
    while (hangs.length === 0) await sleep(1);
    assert.deepEqual(hangs, [' in a run of m:1']);
  });

  it('bears with a run that has time left, though others behind it have none', async () => {
    const long = sent(60_000);
    running[0] = long;
    sent(1);
    await sleep(LONG_ENOUGH);
    assert.deepEqual([hangs, codes], [[], [StatusCode.DEADLINE_EXCEEDED]]);
    calls.failAll(new ServingError(StatusCode.UNAVAILABLE, 'ended'));
    assert.deepEqual([codes.at(-1), calls.size], [StatusCode.UNAVAILABLE, 0]);
  });

  it('fails with the thread what it was sent, not what waits', () => {
    sent(0);
    const waiting = calls.open(end, 0, 'a run');
    calls.failAll(new ServingError(StatusCode.UNAVAILABLE, 'ended'));
    assert.deepEqual(codes, [StatusCode.UNAVAILABLE]);
    assert.ok(calls.isOpen(waiting));
  });
});

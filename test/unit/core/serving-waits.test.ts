import assert from 'node:assert/strict';

import { ServingWaits, type Outcome, type WaitOptions } from '../../../src/core/serving-waits.js';
import { ServingError, StatusCode } from '../../../src/status/serving-error.js';
import { settled } from './puppet-loader.js';

const SERVING: Outcome = { kind: 'serving' };
const LOADING: Outcome = { kind: 'pending', isIdle: false };
const IDLE: Outcome = { kind: 'pending', isIdle: true };
const failed = (name: string, version: bigint | null, isPermanent = false): Outcome => ({
  kind: 'failed',
  name,
  version,
  error: new ServingError(StatusCode.NOT_FOUND, 'no model', [], { isPermanent }),
});

describe('ServingWaits', () => {
  let outcomes: Map<string, Outcome>;
  let waits: ServingWaits;
  beforeEach(() => {
    outcomes = new Map();
    waits = new ServingWaits((name) => outcomes.get(name) ?? LOADING);
  });

  const become = async (name: string, outcome: Outcome): Promise<void> => {
    outcomes.set(name, outcome);
    waits.changed(name);
    await settled();
  };
  /** Empty as long as the wait goes on. */
  const wait = (names: string[], options?: WaitOptions): (() => string) => {
    let text = '';
    waits.until(names, options).then(
      () => (text = 'OK'),
      (error: unknown) => (text = String(error)),
    );
    return () => text;
  };

  it('ends when each model serves, or has served', async () => {
    const outcome = wait(['a', 'b']);
    await become('a', SERVING);
    await become('a', LOADING); // another version takes its place
    assert.equal(outcome(), '');
    await become('b', SERVING);
    assert.equal(outcome(), 'OK');
    const none = wait([]);
    await settled();
    assert.equal(none(), 'OK');
  });

  it('ends with all that failed when nothing is under way any more', async () => {
    const outcome = wait(['a', 'b', 'c'], { what: 'model(s)' });
    await become('a', failed('a', 1n));
    await become('b', SERVING);
    assert.equal(outcome(), '');
    await become('c', failed('c', null));
    assert.equal(
      outcome(),
      'UNKNOWN: 2 model(s) did not become available: ' +
        '{{{name: a version: 1} due to error: NOT_FOUND: no model}, ' +
        '{{name: c} due to error: NOT_FOUND: no model}, }',
    );
  });

  it('says what is wrong with the one base path as it is', async () => {
    const outcome = wait(['a']);
    await become('a', failed('a', null));
    assert.equal(outcome(), 'NOT_FOUND: no model');
  });

  it('lets a model that may never come hold back no failure, but every success', async () => {
    const outcome = wait(['a', 'lost']);
    await become('lost', IDLE);
    await become('a', SERVING);
    assert.equal(outcome(), '');
    const failing = wait(['b', 'lost']);
    await settled();
    assert.equal(failing(), '');
    await become('b', failed('b', 1n));
    assert.match(failing(), /^UNKNOWN: 1 servable\(s\) /);
  });

  it('ends at once, where it is to, for what waiting does not mend', async () => {
    const patient = wait(['a', 'slow']);
    const start = wait(['a', 'slow'], { failsFast: true });
    await become('a', failed('a', 1n));
    assert.equal(start(), '');
    await become('a', failed('a', 1n, true));
    assert.match(start(), /^UNKNOWN: 1 servable\(s\) /);
    assert.equal(patient(), '');
  });

  it('ends when its caller says so, even before it begins', async () => {
    const caller = new AbortController();
    const outcome = wait(['a'], { signal: caller.signal });
    caller.abort(new ServingError(StatusCode.CANCELLED, 'gone'));
    await settled();
    assert.equal(outcome(), 'CANCELLED: gone');
    const late = wait(['a'], { signal: caller.signal });
    await settled();
    assert.equal(late(), 'CANCELLED: gone');
    await become('a', SERVING); // nobody is left to be told
  });
});

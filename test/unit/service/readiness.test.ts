import assert from 'node:assert/strict';

import { ServableState, type VersionStatus } from '../../../src/core/servable.js';
import { Readiness, type ReadyWhen } from '../../../src/service/readiness.js';
import { ServingError, StatusCode } from '../../../src/status/serving-error.js';

describe('Readiness', () => {
  let configured: string[];
  let statuses: Record<string, VersionStatus[]>;
  let troubles: Record<string, ServingError>;
  beforeEach(() => {
    configured = ['a', 'b'];
    statuses = { a: [in1('AVAILABLE')], b: [in1('AVAILABLE')] };
    troubles = {};
  });

  const in1 = (state: keyof typeof ServableState): VersionStatus => ({
    version: 1n,
    state: ServableState[state],
    error: null,
  });

  function started(when: ReadyWhen): Readiness {
    const readiness = new Readiness({
      when,
      configured: () => configured,
      catalog: {
        statuses: (name) => statuses[name] ?? [],
        troubleOf: (name) => troubles[name] ?? null,
      },
    });
    readiness.enter('started');
    return readiness;
  }

  it('is there when all configured models serve, or says why each does not', () => {
    const readiness = started('all');
    assert.equal(readiness.isReady, true);
    statuses = { a: [in1('LOADING'), in1('END')], b: [], c: [in1('LOADING')] };
    configured = ['a', 'b', 'd'];
    const message = 'it\n  cannot be\tread';
    troubles = { d: new ServingError(StatusCode.PERMISSION_DENIED, message) };
    readiness.changed();
    assert.equal(readiness.isReady, false);
    assert.deepEqual(readiness.reasons(), [
      'a: version 1 is LOADING',
      'b: no version was found yet',
      'd: PERMISSION_DENIED: it cannot be read',
    ]);
  });

  it('is there with one of them, or with none', () => {
    statuses['a'] = [];
    const [any, listening] = [started('any'), started('listening')];
    assert.deepEqual(any.reasons(), []);
    statuses['b'] = [];
    for (const each of [any, listening]) each.changed();
    assert.deepEqual(any.reasons(), ['a: no version was found yet', 'b: no version was found yet']);
    assert.deepEqual(listening.reasons(), []);
    assert.equal(listening.isServing('a'), false);
  });

  it('counts an older version that still serves', () => {
    statuses['a'] = [in1('LOADING'), in1('AVAILABLE')];
    assert.equal(started('all').isServing('a'), true);
  });

  it('tells a server without models from one whose configuration is not in force yet', () => {
    configured = [];
    const starting = new Readiness({
      when: 'all',
      configured: () => configured,
      catalog: { statuses: () => [], troubleOf: () => null },
    });
    assert.deepEqual(starting.reasons(), ['no configuration is in force yet']);
    starting.enter('started');
    assert.deepEqual(starting.reasons(), []);
    assert.deepEqual(started('any').reasons(), ['no model is configured']);
  });

  it('knows the models that are configured, not those that were', () => {
    const readiness = started('all');
    assert.deepEqual(
      ['a', 'c', ''].map((name) => readiness.isServing(name)),
      [true, null, null],
    );
    configured = ['b'];
    assert.equal(readiness.isServing('a'), true, 'it is not told yet');
    readiness.changed();
    assert.equal(readiness.isServing('a'), null);
  });

  it('is over with a drain, for good, and says so at once', () => {
    for (const when of ['all', 'any', 'listening'] as const) {
      const readiness = started(when);
      const heard: boolean[] = [];
      readiness.watch(() => heard.push(readiness.isReady));
      readiness.enter('draining');
      assert.deepEqual(heard, [false], when);
      readiness.enter('started');
      assert.deepEqual(readiness.reasons(), ['the server stops']);
      assert.equal(readiness.isServing('a'), false);
      assert.equal(readiness.isServing('c'), null);
    }
  });

  it('tells of the changes of one turn once', async () => {
    const readiness = started('all');
    let told = 0;
    readiness.watch(() => ++told);
    for (let i = 0; i < 3; ++i) readiness.changed();
    assert.equal(told, 0);
    await Promise.resolve();
    assert.equal(told, 1);
    readiness.changed();
    await Promise.resolve();
    assert.equal(told, 2);
  });

  it('bounds what it says', () => {
    configured = Array.from({ length: 1002 }, (_, i) => `m${i}`);
    troubles['m0'] = new ServingError(StatusCode.UNKNOWN, 'x'.repeat(10_000));
    const reasons = started('all').reasons();
    assert.equal(reasons.length, 1001);
    assert.equal(reasons.at(-1), 'and 2 more');
    assert.ok((reasons[0] ?? '').length < 400);
  });
});

import assert from 'node:assert/strict';

import { singleModel, type ModelConfig } from '../../../src/config/model-config.js';
import type { Log } from '../../../src/log/log.js';
import { ShadowOutcome, type NativeShadowResult } from '../../../src/native/shadows.js';
import type { Done } from '../../../src/native/calls.js';
import type { PrimaryAnswer, ShadowCall } from '../../../src/native/inference-model.js';
import { Method } from '../../../src/native/values.js';
import type { ModelCatalog } from '../../../src/service/model-catalog.js';
import { MAX_BYTES, MAX_OPEN, ShadowTraffic } from '../../../src/service/shadow-traffic.js';
import { ServingError, StatusCode } from '../../../src/status/serving-error.js';

interface Run {
  readonly call: ShadowCall;
  readonly primary: PrimaryAnswer;
  readonly tolerance: number;
  readonly done: Done<NativeShadowResult>;
}

const BODY = new Uint8Array(10);

describe('ShadowTraffic', () => {
  let runs: Run[];
  let pinned: number;
  let isAvailable: boolean;
  let lines: Record<string, unknown>[];
  let due: (() => void)[];
  let random: () => number;
  let traffic: ShadowTraffic;

  beforeEach(() => {
    [runs, pinned, isAvailable, lines, due, random] = [[], 0, true, [], [], () => 0];
    const catalog = {
      isAvailable: (name: string, version: bigint) => isAvailable && name === 'm' && version === 3n,
      acquire: (name: string, version: bigint) => {
        assert.ok(isAvailable && name === 'm' && version === 3n);
        ++pinned;
        const inferShadow = (
          call: ShadowCall,
          primary: PrimaryAnswer,
          tolerance: number,
          done: Done<NativeShadowResult>,
        ): void => void runs.push({ call, primary, tolerance, done });
        return { id: { name, version }, servable: { inferShadow }, release: () => --pinned };
      },
    } as unknown as ModelCatalog;
    const log = {
      info: (fields: Record<string, unknown>, text: string) => {
        assert.equal(text, 'shadow traffic');
        lines.push(fields);
      },
    } as unknown as Log;
    traffic = new ShadowTraffic({
      catalog,
      log,
      random: () => random(),
      clock: {
        after: (millis, then) => {
          assert.equal(millis, 60_000);
          due.push(then);
        },
      },
    });
    traffic.configure([shadowed(1)]);
  });

  function shadowed(share: number, version = 3n): ModelConfig {
    return { ...singleModel('m', '/m'), shadow: { version, share, tolerance: 0.25 } };
  }

  const sample = (body: Uint8Array | ArrayBuffer = BODY, version = 1n) =>
    traffic.sample('m', version, Method.predict, true, false, body);

  function counts(): Record<string, number> {
    const cells = [...traffic.requests.samples()];
    for (const { labelValues } of cells) assert.deepEqual(labelValues.slice(0, 2), ['m', '3']);
    return Object.fromEntries(
      cells.map(({ labelValues, value }): [string, number] => [labelValues[2] ?? '', value]),
    );
  }

  function end(result: NativeShadowResult): void {
    runs.shift()?.done(null, result);
  }

  it('is off unless a model has a shadow', () => {
    assert.ok(traffic.isOn);
    traffic.configure([singleModel('m', '/m')]);
    assert.ok(!traffic.isOn);
    assert.equal(sample(), null);
  });

  it('runs a request once it has its answer, and counts how the two compare', () => {
    for (const [outcome, detail] of [
      [ShadowOutcome.agreed, ''],
      [ShadowOutcome.differed, 'outputs.y[0]: 1, shadow 2'],
      [ShadowOutcome.differed, 'another'],
      [ShadowOutcome.failed, 'status'],
      [null, ''],
    ] as const) {
      const request = sample();
      assert.equal(runs.length, 0);
      request?.answered(null, '{}');
      assert.equal(pinned, 1);
      const { call, primary, tolerance } = runs[0] as Run;
      assert.equal(call.body, BODY);
      assert.deepEqual([call.method, call.isJson, call.asTensorContent], [0, true, false]);
      assert.deepEqual(primary, { code: StatusCode.OK, reply: '{}' });
      assert.equal(tolerance, 0.25);
      end([outcome, detail]);
      assert.equal(pinned, 0);
    }
    assert.deepEqual(counts(), { agreed: 1, differed: 2, failed: 1, dropped: 1 });
  });

  it('repeats requests that failed, unless the server was at fault', () => {
    sample()?.answered(new ServingError(StatusCode.INVALID_ARGUMENT, 'no'), null);
    assert.deepEqual(runs[0]?.primary, { code: StatusCode.INVALID_ARGUMENT, reply: null });
    for (const code of [StatusCode.UNAVAILABLE, StatusCode.DEADLINE_EXCEEDED]) {
      sample()?.answered(new ServingError(code, 'busy'), null);
    }
    assert.equal(runs.length, 1);
    assert.deepEqual(counts(), { dropped: 2 });
  });

  it('takes the share of requests that is configured, of all versions but the shadow', () => {
    random = Math.random;
    traffic.configure([shadowed(0.2)]);
    let taken = 0;
    for (let i = 0; i < 10_000; ++i) {
      const request = sample();
      if (request === null) continue;
      ++taken;
      request.answered(null, '');
      end([ShadowOutcome.agreed, '']);
    }
    // 2000 expected; 10 standard deviations on both sides.
    assert.ok(taken > 1600 && taken < 2400, `${taken}`);
    random = () => 0;
    assert.equal(sample(BODY, 3n), null, 'the shadow itself');
    random = () => 0.2;
    assert.equal(sample(), null, 'the share is exclusive');
    random = () => 0;
    traffic.configure([shadowed(0)]);
    assert.equal(sample(), null);
  });

  it('drops what the run pool has no room for', () => {
    sample()?.answered(null, '');
    runs[0]?.done(new ServingError(StatusCode.UNAVAILABLE, 'The run queue is full.'), null);
    assert.deepEqual(counts(), { dropped: 1 });
    assert.equal(pinned, 0);
  });

  it('counts requests for a shadow that is not there, and takes none', () => {
    const early = sample();
    isAvailable = false;
    early?.answered(null, '');
    assert.equal(sample(), null);
    assert.deepEqual(counts(), { unavailable: 2 });
    assert.equal(runs.length, 0);
  });

  it('bounds the requests it holds, before and after their answers', () => {
    const open = Array.from({ length: MAX_OPEN }, () => sample());
    assert.ok(open.every((request) => request !== null));
    assert.equal(sample(), null);
    for (const request of open) request?.answered(null, '');
    assert.equal(sample(), null);
    end([ShadowOutcome.agreed, '']);
    assert.notEqual(sample(), null);
    assert.deepEqual(counts(), { dropped: 2, agreed: 1 });
  });

  it('bounds their bytes: the memory behind a view, and the replies', () => {
    const half = new Uint8Array(MAX_BYTES / 2);
    const first = sample(half.subarray(0, 1));
    const second = sample(half);
    assert.notEqual(second, null);
    assert.equal(sample(), null);
    first?.answered(null, new Uint8Array(1));
    assert.equal(runs.length, 0);
    second?.answered(null, '');
    assert.equal(runs.length, 1);
    end([ShadowOutcome.agreed, '']);
    assert.notEqual(sample(half), null, 'nothing is held any more');
    assert.notEqual(sample(half), null);
    assert.deepEqual(counts(), { dropped: 2, agreed: 1 });
  });

  it('copies a body that is lent', () => {
    const lent = new Uint8Array([1, 2, 3]);
    const request = sample(lent.buffer);
    lent.fill(0);
    request?.answered(null, '');
    assert.deepEqual(new Uint8Array(runs[0]?.call.body as ArrayBuffer), new Uint8Array([1, 2, 3]));
  });

  it('writes one line a minute, with the first difference', () => {
    const run = (outcome: ShadowOutcome, detail = ''): void => {
      sample()?.answered(null, '');
      end([outcome, detail]);
    };
    run(ShadowOutcome.agreed);
    run(ShadowOutcome.differed, 'first');
    run(ShadowOutcome.differed, 'second');
    traffic.configure([shadowed(1)]); // the same again, as a polled file does
    run(ShadowOutcome.agreed);
    assert.deepEqual(lines, []);
    assert.equal(due.length, 1);
    due.shift()?.();
    const none = { failed: 0, dropped: 0, unavailable: 0 };
    const head = { model: 'm', shadowVersion: '3' };
    const firstDifference = 'first';
    assert.deepEqual(lines, [
      { ...head, compared: 4, agreed: 2, differed: 2, ...none, firstDifference },
    ]);
    run(ShadowOutcome.agreed);
    traffic.flush();
    due.shift()?.();
    assert.deepEqual(lines.slice(1), [{ ...head, compared: 1, agreed: 1, differed: 0, ...none }]);
  });
});

import assert from 'node:assert/strict';

import { VersionLabels, type Labels } from '../../../src/core/version-labels.js';
import { ServingError, StatusCode } from '../../../src/status/serving-error.js';

type Given = Record<string, bigint | Record<string, number>>;

function labelsOf(given: Given): ReadonlyMap<string, Labels> {
  const labels = Object.entries(given).map(([label, target]) => {
    const parts = typeof target === 'bigint' ? { [String(target)]: 1 } : target;
    const versions = Object.entries(parts).map(([v, weight]) => [BigInt(v), weight] as const);
    return [label, new Map(versions)] as const;
  });
  return new Map([['m', new Map(labels)]]);
}

function fails(code: StatusCode, message: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ServingError);
    assert.equal(error.toString(), new ServingError(code, message).toString());
    return true;
  };
}

describe('VersionLabels', () => {
  let available: Set<bigint>;
  const make = (allowUnavailable = false): VersionLabels =>
    new VersionLabels((name, version) => name === 'm' && available.has(version), allowUnavailable);
  const unavailable = (version: bigint): string =>
    `Request to assign label to version ${version} of model m, which is not currently ` +
    'available for inference';

  beforeEach(() => {
    available = new Set([1n, 2n]);
  });

  it('resolves a label to its version, and follows a new assignment', () => {
    const labels = make();
    labels.assign(labelsOf({ A: 1n, B: 2n }));
    assert.equal(labels.resolve('m', 'A', null), 1n);
    labels.assign(labelsOf({ A: 2n, B: 2n }));
    assert.equal(labels.resolve('m', 'A', null), 2n);
    assert.equal(labels.resolve('m', 'B', null), 2n);
  });

  it('refuses a label that is not assigned, in the words of upstream', () => {
    const labels = make();
    assert.throws(
      () => labels.resolve('m', 'A', null),
      fails(StatusCode.UNAVAILABLE, 'Model labels does not init yet.A'),
    );
    labels.assign(labelsOf({ A: 1n }));
    for (const [name, label] of [
      ['m', 'B'],
      ['other', 'A'],
    ] as const) {
      assert.throws(
        () => labels.resolve(name, label, null),
        fails(StatusCode.INVALID_ARGUMENT, `Unrecognized servable version label: ${label}`),
      );
    }
  });

  it('refuses a version that is not available, and keeps every label as it was', () => {
    const labels = make();
    labels.assign(labelsOf({ A: 1n }));
    assert.throws(
      () => labels.assign(labelsOf({ A: 2n, B: 3n })),
      fails(StatusCode.FAILED_PRECONDITION, unavailable(3n)),
    );
    assert.equal(labels.resolve('m', 'A', null), 1n);
  });

  it('lets a new label wait for its version where that is allowed, but no label that is in use', () => {
    const labels = make(true);
    labels.assign(labelsOf({ A: 1n, B: 3n }));
    assert.equal(labels.resolve('m', 'B', null), 3n);
    labels.assign(labelsOf({ A: 1n, B: 3n })); // the same again is allowed, too
    assert.throws(
      () => labels.assign(labelsOf({ A: 3n, B: 3n })),
      fails(StatusCode.FAILED_PRECONDITION, unavailable(3n)),
    );
  });

  it('spreads the requests of a label over its versions by weight', () => {
    const labels = make();
    labels.assign(labelsOf({ prod: { 1: 95, 2: 5 } }));
    const draws = 20_000;
    let canary = 0;
    for (let i = 0; i < draws; ++i) {
      if (labels.resolve('m', 'prod', null) === 2n) ++canary;
    }
    // Six standard deviations: it fails by chance once in 500 million runs.
    assert.ok(Math.abs(canary / draws - 0.05) < 0.0093, `${canary} of ${draws}`);
  });

  it('sends requests with the same key to the same version, and keys by weight', () => {
    const labels = make();
    labels.assign(labelsOf({ prod: { 1: 50, 2: 50 } }));
    const versions = Array.from({ length: 1000 }, (_, i) =>
      labels.resolve('m', 'prod', `key-${i}`),
    );
    const again = Array.from({ length: 1000 }, (_, i) => labels.resolve('m', 'prod', `key-${i}`));
    assert.deepEqual(again, versions);
    const second = versions.filter((version) => version === 2n).length;
    assert.ok(second > 400 && second < 600, `${second} of 1000`);
  });

  it('draws among the versions that are available', () => {
    const labels = make();
    labels.assign(labelsOf({ prod: { 1: 1, 2: 1 } }));
    available.delete(2n);
    for (let i = 0; i < 100; ++i) assert.equal(labels.resolve('m', 'prod', null), 1n);
  });
});

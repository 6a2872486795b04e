import assert from 'node:assert/strict';

import { HistogramCell, LATENCY_LIMITS } from '../../../src/metrics/families.js';
import { familyText } from './family-text.js';
import { Registry } from '../../../src/metrics/registry.js';
import {
  GRPC_ENTRY,
  MAX_NAMES,
  OTHER_NAMES,
  RequestMetrics,
  REST_ENTRY,
} from '../../../src/metrics/request-metrics.js';
import { StatusCode } from '../../../src/status/serving-error.js';

function linesOf(registry: Registry, start: string): string[] {
  const text = registry.families().flatMap((family) => [...familyText(family)]);
  return text
    .join('')
    .split('\n')
    .filter((line) => line.startsWith(start));
}

const COUNT = ':tensorflow:serving:request_count{';
const LATENCY_COUNT = ':tensorflow:serving:request_latency_count{';

describe('RequestMetrics', () => {
  it('counts every outcome, and the latency of successes', () => {
    const registry = new Registry();
    const metrics = new RequestMetrics(registry, () => true);
    metrics.ended('m', GRPC_ENTRY.predict, StatusCode.OK, performance.now());
    metrics.ended('m', REST_ENTRY.none, StatusCode.OK, performance.now());
    metrics.ended('m', GRPC_ENTRY.predict, StatusCode.NOT_FOUND, performance.now());
    assert.deepEqual(linesOf(registry, COUNT), [
      `${COUNT}model_name="m",status="NOT_FOUND"} 1`,
      `${COUNT}model_name="m",status="OK"} 2`,
    ]);
    assert.deepEqual(linesOf(registry, LATENCY_COUNT), [
      `${LATENCY_COUNT}model_name="m",API="",entrypoint="REST"} 1`,
      `${LATENCY_COUNT}model_name="m",API="Predict",entrypoint="GRPC"} 1`,
    ]);
  });

  it('adds what is new of successes that were counted elsewhere', () => {
    const registry = new Registry();
    const metrics = new RequestMetrics(registry, () => true);
    metrics.ended('m', GRPC_ENTRY.predict, StatusCode.OK, performance.now());
    const all = (first: number, sum: number): Float64Array => {
      const values = new Float64Array(LATENCY_LIMITS.length + 2);
      values[0] = first;
      values[values.length - 1] = sum;
      return values;
    };
    metrics.counted('m', GRPC_ENTRY.predict, all(3, 12));
    metrics.counted('m', GRPC_ENTRY.predict, all(5, 20));
    assert.deepEqual(linesOf(registry, COUNT), [`${COUNT}model_name="m",status="OK"} 6`]);
    assert.deepEqual(linesOf(registry, LATENCY_COUNT), [
      `${LATENCY_COUNT}model_name="m",API="Predict",entrypoint="GRPC"} 6`,
    ]);
  });

  it('gives names beyond the limit one cell, unless they are of models', () => {
    const registry = new Registry();
    const metrics = new RequestMetrics(registry, (name) => name === 'late model');
    for (let i = 0; i < MAX_NAMES; ++i) {
      metrics.ended(`name ${i}`, REST_ENTRY.predict, StatusCode.NOT_FOUND, 0);
    }
    for (const name of ['one', 'two', 'late model', 'name 0']) {
      metrics.ended(name, REST_ENTRY.predict, StatusCode.NOT_FOUND, 0);
    }
    const lines = linesOf(registry, COUNT);
    assert.equal(lines.length, MAX_NAMES + 2);
    assert.ok(lines.includes(`${COUNT}model_name="${OTHER_NAMES}",status="NOT_FOUND"} 2`));
    assert.ok(lines.includes(`${COUNT}model_name="late model",status="NOT_FOUND"} 1`));
    assert.ok(lines.includes(`${COUNT}model_name="name 0",status="NOT_FOUND"} 2`));
  });

  it('does not keep a name of megabytes', () => {
    const registry = new Registry();
    const metrics = new RequestMetrics(registry, () => false);
    metrics.ended('x'.repeat(1 << 20), GRPC_ENTRY.predict, StatusCode.NOT_FOUND, 0);
    assert.deepEqual(linesOf(registry, COUNT), [
      `${COUNT}model_name="${OTHER_NAMES}",status="NOT_FOUND"} 1`,
    ]);
  });
});

describe('HistogramCell', () => {
  it('counts a value equal to a limit in the next bucket', () => {
    const cell = new HistogramCell([], LATENCY_LIMITS);
    for (const value of [0, 9.99, 10, 17, 18, 2e9]) cell.record(value);
    assert.deepEqual([...cell.buckets.subarray(0, 3)], [2, 2, 1]);
    assert.equal(cell.buckets.at(-1), 1);
    assert.equal(cell.buckets.length, 34);
  });
});

import assert from 'node:assert/strict';

import { LifecycleMetrics } from '../../../src/metrics/lifecycle-metrics.js';
import { familyText } from './family-text.js';
import { Registry } from '../../../src/metrics/registry.js';
import { ServingError, StatusCode } from '../../../src/status/serving-error.js';

function setUp() {
  const registry = new Registry();
  const metrics = new LifecycleMetrics(registry);
  const lines = (): string[] =>
    registry
      .families()
      .flatMap((family) => [...familyText(family)])
      .join('')
      .split('\n');
  return { registry, metrics, lines };
}

describe('LifecycleMetrics', () => {
  it('counts warm-up files that were read through, by path and status', () => {
    const { metrics, lines } = setUp();
    const read = { readThrough: true, records: 3, micros: 25, failure: null };
    metrics.warmedUp('/m/1', read);
    metrics.warmedUp('/m/1', read);
    const failure = [StatusCode.DATA_LOSS, 'corrupted record at 12', null] as const;
    metrics.warmedUp('/m/2', { ...read, records: 0, failure });
    metrics.warmedUp('/m/3', { ...read, readThrough: false });
    const name = ':tensorflow:serving:model_warmup';
    const ok = 'model_path="/m/1",status="OK"';
    const lost = 'model_path="/m/2",status="DATA_LOSS: corrupted record at 12"';
    for (const line of [
      `# TYPE ${name}_latency histogram`,
      `${name}_latency_bucket{${ok},le="18"} 0`,
      `${name}_latency_bucket{${ok},le="32.4"} 2`,
      `${name}_latency_sum{${ok}} 50`,
      `${name}_records_read{${ok}} 6`,
      `${name}_latency_count{${lost}} 1`,
      `${name}_records_read{${lost}} 0`,
    ]) {
      assert.ok(lines().includes(line), line);
    }
    assert.ok(!lines().some((line) => line.includes('/m/3')));
  });

  it('counts changes of the configuration by how they ended', () => {
    const { metrics, lines } = setUp();
    metrics.reloaded(null);
    metrics.reloaded(null);
    metrics.reloaded(new ServingError(StatusCode.INVALID_ARGUMENT, 'twice'));
    const name = ':tensorgate:config_reload_count';
    assert.deepEqual(
      lines().filter((line) => line.startsWith(name)),
      [`${name}{status="INVALID_ARGUMENT"} 1`, `${name}{status="OK"} 2`],
    );
  });

  it('tells by how much the first cell of each metric has grown', () => {
    const { registry, metrics } = setUp();
    const loads = registry.counter('/loads', ['path', 'status']);
    loads.cell('/m/2', 'success').add(5);
    const level = registry.gauge('/level', []).cell();
    level.set(7);
    registry.histogram('/took', [], [1]).cell().record(1);
    const names = ['/loads', '/level', '/took', '/new', '/unknown'];
    const increases = metrics.watch(new Set(names));
    loads.cell('/m/2', 'success').add(2);
    loads.cell('/m/3', 'success').add(100); // not the first
    level.set(4);
    registry.counter('/new', []).cell().add(1);
    assert.deepEqual(increases(), [
      { name: '/loads', int64_value_increase: 2 },
      { name: '/level', int64_value_increase: -3 },
      { name: '/took', int64_value_increase: 0 },
      { name: '/new', int64_value_increase: 1 },
      { name: '/unknown', int64_value_increase: 0 },
    ]);
  });
});

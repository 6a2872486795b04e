import assert from 'node:assert/strict';

import { LoadMetrics, type ModelStates } from '../../../src/metrics/load-metrics.js';
import { familyText } from './family-text.js';
import { StatusCode } from '../../../src/status/serving-error.js';

const { OK, NOT_FOUND } = StatusCode;
const VERSION = { version: 1n, code: OK };

function linesOf(metrics: LoadMetrics, models: readonly ModelStates[]): string[] {
  const text = metrics.families(models).flatMap((family) => [...familyText(family)]);
  return text.join('').split('\n');
}

describe('LoadMetrics', () => {
  it('times loads from LOADING to AVAILABLE or to END, by their status', () => {
    let now = 0;
    const metrics = new LoadMetrics(() => now);
    const change = (version: bigint, state: string, code: StatusCode = OK): void =>
      metrics.changed('m', { version, state, code });
    change(1n, 'START');
    change(1n, 'LOADING');
    now = 3;
    change(1n, 'LOADING', NOT_FOUND); // an attempt has failed
    now = 7;
    change(1n, 'AVAILABLE');
    change(2n, 'LOADING');
    now = 8;
    change(2n, 'END', NOT_FOUND);
    change(3n, 'LOADING');
    change(3n, 'END'); // cancelled
    const lines = linesOf(metrics, [{ name: 'm', versions: [] }]);
    const name = ':tensorgate:load_latency';
    for (const line of [
      `${name}_bucket{model_name="m",status="OK",le="4000"} 0`,
      `${name}_bucket{model_name="m",status="OK",le="8000"} 1`,
      `${name}_sum{model_name="m",status="OK"} 7000`,
      `${name}_sum{model_name="m",status="NOT_FOUND"} 1000`,
      `${name}_count{model_name="m",status="CANCELLED"} 1`,
      ':tensorgate:version_load_microseconds{model_name="m",version="1"} 7000',
    ]) {
      assert.ok(lines.includes(line), line);
    }
    change(1n, 'UNLOADING');
    change(1n, 'END');
    const after = linesOf(metrics, [{ name: 'm', versions: [] }]);
    assert.ok(!after.some((line) => line.startsWith(':tensorgate:version_load_microseconds{')));
    assert.ok(after.includes(`${name}_count{model_name="m",status="OK"} 1`));
  });

  it('has the states of versions, but not of those that were unloaded', () => {
    const versions = [
      { ...VERSION, version: 4n, state: 'LOADING', code: NOT_FOUND },
      { ...VERSION, version: 3n, state: 'AVAILABLE' },
      { ...VERSION, version: 2n, state: 'END', code: NOT_FOUND },
      { ...VERSION, version: 1n, state: 'END' },
    ];
    const lines = linesOf(new LoadMetrics(), [
      { name: 'm', versions },
      { name: 'none', versions: [] },
    ]);
    const state = (labels: string): string =>
      `:tensorgate:version_state{model_name="m",${labels}} 1`;
    assert.deepEqual(
      lines.filter((line) => line.startsWith(':tensorgate:version_state{')),
      [
        state('version="2",state="END",status="NOT_FOUND"'),
        state('version="3",state="AVAILABLE",status="OK"'),
        state('version="4",state="LOADING",status="NOT_FOUND"'),
      ],
    );
    assert.ok(lines.includes(':tensorgate:available_versions{model_name="m"} 1'));
    assert.ok(lines.includes(':tensorgate:available_versions{model_name="none"} 0'));
  });

  it('forgets models that are not configured any more', () => {
    const metrics = new LoadMetrics();
    for (const name of ['m', 'n']) {
      metrics.changed(name, { ...VERSION, state: 'LOADING' });
      metrics.changed(name, { ...VERSION, state: 'AVAILABLE' });
    }
    const lines = linesOf(metrics, [{ name: 'n', versions: [] }]);
    assert.ok(lines.some((line) => line.includes('model_name="n"')));
    assert.ok(!lines.some((line) => line.includes('model_name="m"')));
    assert.ok(
      !linesOf(metrics, [{ name: 'm', versions: [] }]).some((l) => l.includes('latency_sum')),
    );
  });
});

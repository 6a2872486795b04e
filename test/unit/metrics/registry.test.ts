import assert from 'node:assert/strict';

import { Registry } from '../../../src/metrics/registry.js';
import { runFamilies } from '../../../src/metrics/run-metrics.js';
import { familyText } from './family-text.js';

describe('Registry', () => {
  it('gives all families by name, those of readers among them', () => {
    const registry = new Registry();
    registry.counter('/b', []);
    registry.gauge('/d', []);
    registry.addReader(() => [
      { kind: 'counter', name: '/c', labelNames: [], samples: () => [] },
      { kind: 'counter', name: '/a', labelNames: [], samples: () => [] },
    ]);
    assert.deepEqual(
      registry.families().map((family) => family.name),
      ['/a', '/b', '/c', '/d'],
    );
  });

  it('refuses a name that it has', () => {
    const registry = new Registry();
    registry.counter('/b', []);
    assert.throws(() => registry.histogram('/b', [], []), /\/b is registered twice/);
  });
});

describe('runFamilies', () => {
  it("names the addon's counts as upstream", () => {
    const predict = new Float64Array(35);
    predict[1] = 3;
    predict[34] = 37.5;
    const examples = new Float64Array(17);
    examples[2] = 2;
    examples[16] = 5;
    const families = runFamilies({
      models: [
        ['idle', null, null, null, null, null, null, null, null, null, null],
        ['m', predict, null, null, examples, null, null, null, null, null, null],
      ],
      loads: [['/models/m/1', 1, 2, 1500]],
      graphRuns: [4, 125],
      engineRuns: [3, 1],
      runPool: [8, 3, 2],
    });
    const lines = families
      .flatMap((family) => [...familyText(family)])
      .join('')
      .split('\n');
    const serving = ':tensorflow:serving';
    const savedModel = ':tensorflow:cc:saved_model';
    for (const line of [
      `# TYPE ${serving}:runtime_latency histogram`,
      `${serving}:runtime_latency_bucket{model_name="m",API="Predict",runtime="TF1",le="10"} 0`,
      `${serving}:runtime_latency_bucket{model_name="m",API="Predict",runtime="TF1",le="18"} 3`,
      `${serving}:runtime_latency_sum{model_name="m",API="Predict",runtime="TF1"} 37.5`,
      `${serving}:request_example_counts_bucket{model="m",le="2"} 0`,
      `${serving}:request_example_counts_bucket{model="m",le="4"} 2`,
      `${serving}:request_example_counts_bucket{model="m",le="16384"} 2`,
      `${serving}:request_example_counts_sum{model="m"} 5`,
      `${serving}:request_example_count_total{model="m"} 5`,
      `${savedModel}:load_attempt_count{model_path="/models/m/1",status="fail"} 2`,
      `${savedModel}:load_attempt_count{model_path="/models/m/1",status="success"} 1`,
      `${savedModel}:load_latency{model_path="/models/m/1"} 1500`,
      '# TYPE :tensorflow:core:graph_runs counter',
      ':tensorflow:core:graph_runs{} 4',
      ':tensorgate:run_pool_threads{} 8',
      ':tensorgate:run_pool_busy_threads{} 3',
      ':tensorgate:run_queue_depth{} 2',
      ':tensorflow:core:graph_run_time_usecs{} 125',
      ':tensorgate:openvino_run_count{outcome="left"} 1',
    ]) {
      assert.ok(lines.includes(line), line);
    }
    assert.ok(!lines.some((line) => line.includes('idle')));
  });
});

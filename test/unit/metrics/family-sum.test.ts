import assert from 'node:assert/strict';

import { plainFamily, summed } from '../../../src/metrics/family-sum.js';
import { familyText } from './family-text.js';
import { Registry } from '../../../src/metrics/registry.js';

describe('summed', () => {
  it('adds up samples of equal labels, of every kind, after they were sent', () => {
    const registries = [1, 2].map((thread) => {
      const registry = new Registry();
      const counter = registry.counter('/count', ['model']);
      counter.cell('m').add(thread);
      counter.cell(`only ${thread}`).add(5);
      registry
        .gauge('/depth', [])
        .cell()
        .set(10 * thread);
      const histogram = registry.histogram('/size', ['model'], [1, 10]);
      histogram.cell('m').record(thread);
      histogram.cell('m').record(100);
      return registry;
    });
    const plain = registries.flatMap((registry) => registry.families().map(plainFamily));
    const text = summed(structuredClone(plain)).map((family) => [...familyText(family)].join(''));
    assert.equal(
      text.join(''),
      `# TYPE :count counter
:count{model="m"} 3
:count{model="only 1"} 5
:count{model="only 2"} 5
# TYPE :depth gauge
:depth{} 30
# TYPE :size histogram
:size_bucket{model="m",le="1"} 0
:size_bucket{model="m",le="10"} 2
:size_bucket{model="m",le="+Inf"} 4
:size_sum{model="m"} 203
:size_count{model="m"} 4
`,
    );
  });

  it('leaves what one thread alone has as it is, by name', () => {
    const registry = new Registry();
    registry.counter('/b', []).cell().add(1);
    const other = new Registry();
    other.counter('/a', []);
    const all = [...registry.families(), ...other.families()].map(plainFamily);
    assert.deepEqual(
      summed(all).map(({ name }) => name),
      ['/a', '/b'],
    );
  });
});

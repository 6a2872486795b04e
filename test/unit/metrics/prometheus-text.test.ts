import assert from 'node:assert/strict';

import { Counter, exponentialLimits, Gauge, Histogram } from '../../../src/metrics/families.js';
import type { Family } from '../../../src/metrics/families.js';
import {
  familyLines,
  formatG,
  labelName,
  labelValue,
  metricName,
} from '../../../src/metrics/prometheus-text.js';
import { familyText } from './family-text.js';

function textOf(family: Family): string {
  return [...familyText(family)].join('');
}

describe('Prometheus text, as upstream', () => {
  it('Counter', () => {
    const counter = new Counter('/test/path/total', ['name']);
    counter.cell('abc').add(1);
    counter.cell('abc').add(1);
    assert.equal(
      textOf(counter),
      '# TYPE :test:path:total counter\n:test:path:total{name="abc"} 2\n',
    );
  });

  it('Gauge', () => {
    const gauge = new Gauge('/test/path/gague', ['x', 'y']);
    gauge.cell('abc', 'def').set(5);
    assert.equal(
      textOf(gauge),
      '# TYPE :test:path:gague gauge\n:test:path:gague{x="abc",y="def"} 5\n',
    );
  });

  it('Histogram', () => {
    const limits = exponentialLimits(1, 2, 10);
    const histogram = new Histogram('/test/path/histogram', ['status'], limits);
    for (const value of [10, 12, 200]) histogram.cell('good').record(value);
    const name = ':test:path:histogram';
    assert.deepEqual(textOf(histogram).split('\n'), [
      `# TYPE ${name} histogram`,
      ...[0, 0, 0, 0, 2, 2, 2, 2, 3, 3].map(
        (count, i) => `${name}_bucket{status="good",le="${2 ** i}"} ${count}`,
      ),
      `${name}_bucket{status="good",le="+Inf"} 3`,
      `${name}_sum{status="good"} 222`,
      `${name}_count{status="good"} 3`,
      '',
    ]);
  });

  it('SanitizeLabelValue', () => {
    assert.equal(labelValue('"abc\\"'), '\\"abc\\\\\\"');
  });

  it('SanitizeLabelName', () => {
    assert.equal(labelName('my-name+1'), 'my_name_1');
    assert.equal(labelName('0:a'), '_0_a');
  });

  it('SanitizeMetricName', () => {
    assert.equal(metricName('0/path-total_count'), '_0:path:total_count');
  });
});

describe('Prometheus text', () => {
  it('keeps a client from writing lines of its own, where upstream does not', () => {
    const counter = new Counter('/c', ['model_name']);
    counter.cell('m"} 1\nforged{} 7').add(1);
    assert.equal(textOf(counter), '# TYPE :c counter\n:c{model_name="m\\"} 1\\nforged{} 7"} 1\n');
  });

  it('prints braces without labels, and a family without samples', () => {
    assert.equal(textOf(new Counter('/c', ['a'])), '# TYPE :c counter\n');
    const counter = new Counter('/c', []);
    counter.cell();
    assert.equal(textOf(counter), '# TYPE :c counter\n:c{} 0\n');
    const histogram = new Histogram('/h', [], [1]);
    histogram.cell().record(0.5);
    assert.equal(
      textOf(histogram),
      '# TYPE :h histogram\n:h_bucket{le="1"} 1\n:h_bucket{le="+Inf"} 1\n:h_sum{} 0.5\n:h_count{} 1\n',
    );
  });

  it('sorts cells by label values, the first label first', () => {
    const counter = new Counter('/c', ['a', 'b']);
    for (const [a, b] of [
      ['b', 'a'],
      ['a', 'b'],
      ['a', 'a'],
      ['', 'z'],
    ] as const) {
      counter.cell(a, b).add(1);
    }
    assert.deepEqual(
      [...textOf(counter).matchAll(/a="(.*)",b="(.*)"/g)].map((match) => `${match[1]}${match[2]}`),
      ['z', 'aa', 'ab', 'ba'],
    );
  });

  it("prints upstream's limits of latencies", () => {
    assert.equal(
      exponentialLimits(10, 1.8, 33).map(formatG).join(', '),
      '10, 18, 32.4, 58.32, 104.976, 188.957, 340.122, 612.22, 1102, 1983.59, 3570.47, 6426.84, ' +
        '11568.3, 20823, 37481.3, 67466.4, 121440, 218591, 393464, 708235, 1.27482e+06, ' +
        '2.29468e+06, 4.13043e+06, 7.43477e+06, 1.33826e+07, 2.40887e+07, 4.33596e+07, ' +
        '7.80473e+07, 1.40485e+08, 2.52873e+08, 4.55172e+08, 8.19309e+08, 1.47476e+09',
    );
  });

  it("prints numbers as C's %g", () => {
    const expected: readonly (readonly [number, string])[] = [
      [0, '0'],
      [1, '1'],
      [100, '100'],
      [100000, '100000'],
      [1000000, '1e+06'],
      [999999.5, '1e+06'],
      [0.1, '0.1'],
      [0.0001, '0.0001'],
      [0.00001234567, '1.23457e-05'],
      [123456.5, '123456'], // ties go to the even digit
      [123457.5, '123458'],
      [1234565, '1.23456e+06'],
      [1234575, '1.23458e+06'],
      [0.5, '0.5'],
      [1e100, '1e+100'],
    ];
    for (const [value, text] of expected) assert.equal(formatG(value), text);
  });
});

describe('familyLines', () => {
  it('has one line for each sample of hundreds of models, and copies their counts', () => {
    const limits = exponentialLimits(1, 2, 26);
    const histogram = new Histogram('/h', ['model_name', 'stage'], limits);
    const names = Array.from({ length: 200 }, (_, i) => `model_${i}`);
    for (const name of names) {
      for (const stage of ['queue', 'run']) histogram.cell(name, stage).record(3);
    }
    const gauge = new Gauge('/g', ['model_name']);
    for (const name of names) gauge.cell(name).set(7);
    const { lines, numbers } = familyLines([gauge, histogram], '');
    assert.equal(lines.split('\n').length - 1, 2 + 200 + 2 + 400);
    assert.equal(numbers.length, 200 + 400 * (limits.length + 2));
    assert.equal(numbers[0], 7);
    assert.equal(numbers.at(-1), 3);
  });
});

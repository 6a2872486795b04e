/** The charts of the bench: scales that put values where they belong, ticks that can be read. */
import assert from 'node:assert/strict';
import { logRange, logTicks, type Panel, renderCharts, scale } from '../../../bench/svg-chart.js';

describe('chart scales', () => {
  it('map the ends of a range to the ends of an axis, which may run downwards', () => {
    const at = scale('linear', [20, 95], [64, 424]);
    assert.equal(at(20), 64);
    assert.equal(at(95), 424);
    assert.equal(scale('linear', [0, 10], [100, 0])(2.5), 75);
  });

  it('give equal factors equal lengths when logarithmic', () => {
    const at = scale('log', [1, 100], [0, 200]);
    assert.equal(at(10), 100);
    assert.equal(Math.round(at(20) - at(2)), 100);
  });

  it('put everything in the middle when there is one value only', () => {
    assert.equal(scale('log', [3, 3], [0, 10])(3), 5);
  });
});

describe('logarithmic ticks', () => {
  it('are ones, twos and fives inside the range', () => {
    assert.deepEqual(logTicks(0.3, 12), [0.5, 1, 2, 5, 10]);
    assert.deepEqual(logTicks(0.02, 0.1), [0.02, 0.05, 0.1]);
  });

  it('are powers of ten alone over many decades', () => {
    assert.deepEqual(logTicks(0.1, 1000), [0.1, 1, 10, 100, 1000]);
  });

  it('are two at least in the range chosen for values close together', () => {
    const [from, to] = logRange([3.1, 3.2]);
    assert.ok(from <= 3.1 && to >= 3.2);
    assert.ok(logTicks(from, to).length >= 2);
  });
});

describe('renderCharts', () => {
  const panel: Panel = {
    title: 'a & b',
    subtitle: '<c>',
    series: [
      {
        name: 'off',
        colour: '#808080',
        points: [
          { x: 20, y: 1 },
          { x: 95, y: 50 },
        ],
      },
    ],
  };
  const draw = (count: number): string =>
    renderCharts(Array<Panel>(count).fill(panel), { xLabel: 'load, %', yLabel: 'p99, ms' });

  it('draws a mark for each point and one legend for all panels', () => {
    const svg = draw(3);
    assert.equal(svg.match(/<circle /g)?.length, 3 * 2 + 1);
    assert.equal(svg.match(/>off</g)?.length, 1);
    assert.ok(!svg.includes('NaN'), svg);
  });

  it('sets panels two in a row', () => {
    assert.match(draw(1), /viewBox="0 0 440 336"/);
    assert.match(draw(3), /viewBox="0 0 880 636"/);
  });

  it('escapes text', () => {
    assert.ok(draw(1).includes('a &amp; b') && draw(1).includes('&lt;c>'));
  });
});

/** How throughput grows: the law that is fitted, and which cores do what. */
import assert from 'node:assert/strict';

import { fitScalingLaw, mostUseful, rateOf, type ScalingLaw } from '../../../bench/scaling-law.js';
import { scalingCores } from '../../../bench/scaling.js';

const points = (law: ScalingLaw, ...servers: number[]) =>
  servers.map((n) => ({ servers: n, rate: rateOf(law, n) }));

describe('The law of scaling', () => {
  it('is found again in what follows it', () => {
    const law = { rate: 1000, serial: 0.03, crosstalk: 0.002 };
    const found = fitScalingLaw(points(law, 1, 2, 3, 4, 8));
    assert.ok(found);
    assert.equal(found.rate, 1000);
    assert.ok(Math.abs(found.serial - 0.03) < 1e-9);
    assert.ok(Math.abs(found.crosstalk - 0.002) < 1e-9);
    assert.equal(mostUseful(found), 22);
  });

  it('is of one loss where two points cannot tell both apart', () => {
    const found = fitScalingLaw(points({ rate: 500, serial: 0.1, crosstalk: 0 }, 1, 2));
    assert.ok(found && Math.abs(found.serial - 0.1) < 1e-9);
    assert.equal(found.crosstalk, 0);
    assert.equal(mostUseful(found), Infinity);
  });

  it('has no losses below none', () => {
    const better = [1, 2, 3].map((servers) => ({ servers, rate: servers * 110 - 10 }));
    assert.deepEqual(fitScalingLaw(better), { rate: 100, serial: 0, crosstalk: 0 });
    const crosstalk = fitScalingLaw(points({ rate: 1, serial: 0, crosstalk: 0.01 }, 1, 2, 4));
    assert.ok(crosstalk && Math.abs(crosstalk.crosstalk - 0.01) < 1e-9);
  });

  it('needs two points', () => {
    assert.equal(fitScalingLaw([]), null);
    assert.equal(fitScalingLaw([{ servers: 1, rate: 1 }]), null);
  });
});

describe('Cores for scaling', () => {
  const cores = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

  it('are apart where there are enough', () => {
    assert.deepEqual(scalingCores(cores(6), null), { servers: [0, 1, 2, 3], load: [4, 5] });
    assert.deepEqual(scalingCores(cores(6), 2), { servers: [0, 1], load: [2, 3, 4, 5] });
    assert.equal(scalingCores(cores(64), null).servers.length, 42);
  });

  it('overlap in the last one where there are not', () => {
    assert.deepEqual(scalingCores(cores(2), null), { servers: [0, 1], load: [1] });
    assert.deepEqual(scalingCores(cores(4), 16), { servers: [0, 1, 2, 3], load: [3] });
    assert.deepEqual(scalingCores([7], null), { servers: [7], load: [7] });
  });
});

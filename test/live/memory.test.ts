import assert from 'node:assert/strict';

import { climbOf } from '../integration/climb.js';
import { memoryOverReloads } from './heavy-model.js';

const RELOADS = 15;
const MODEL_MIB = 30;
const SETTLED_AFTER = 3;

describe('Memory of a server', function () {
  this.timeout(30_000 + RELOADS * 10_000);

  it(`does not climb over ${RELOADS} reloads of ${MODEL_MIB} MiB under load, and no request fails`, async () => {
    const { failures, curve } = await memoryOverReloads(MODEL_MIB, RELOADS);
    assert.equal(failures, '');
    // A leak of the weights at each reload climbs by six times that from half to half.
    const most = 2 * MODEL_MIB;
    assert.ok(climbOf(curve, SETTLED_AFTER).mib < most, `MiB resident: ${curve.join(' ')}`);
  });
});

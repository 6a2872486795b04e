import assert from 'node:assert/strict';

import { memoryOverReloads } from './heavy-model.js';
import { climbOf } from './report.js';

const RELOADS = 9;
const MODEL_MIB = 30;
const SETTLED_AFTER = 3;

describe('Memory of a server', function () {
  this.timeout(30_000 + RELOADS * 10_000);

  it(`does not climb over ${RELOADS} reloads of ${MODEL_MIB} MiB under load, and no request fails`, async () => {
    const { failures, curve } = await memoryOverReloads(MODEL_MIB, RELOADS);
    assert.equal(failures, '');
    assert.ok(climbOf(curve, SETTLED_AFTER).mib < MODEL_MIB, `MiB resident: ${curve.join(' ')}`);
  });
});

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { climbOf } from '../integration/climb.js';
import { writeWeightyVariables } from '../integration/weighty-model.js';
import { ServerProcess } from '../wire/server-process.js';
import { memoryOverReloads } from './heavy-model.js';

const RELOADS = 15;
const MODEL_MIB = 30;
const SETTLED_AFTER = 3;
const LARGE_MODEL_MIB = 256;
/** What a server takes that loads next to nothing, and room for what differs between machines. */
const SERVER_MIB = 500;

describe('Memory of a server', function () {
  this.timeout(30_000 + RELOADS * 10_000);

  it(`does not climb over ${RELOADS} reloads of ${MODEL_MIB} MiB under load, and no request fails`, async () => {
    const { failures, curve } = await memoryOverReloads(MODEL_MIB, RELOADS);
    assert.equal(failures, '');
    // A leak of the weights at each reload climbs by six times that from half to half.
    const most = 2 * MODEL_MIB;
    assert.ok(climbOf(curve, SETTLED_AFTER).mib < most, `MiB resident: ${curve.join(' ')}`);
  });

  it(`is at no time of a load more than three times the weights of ${LARGE_MODEL_MIB} MiB beside the server's own`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tensorgate-peak-'));
    writeWeightyVariables(join(folder, '1'), LARGE_MODEL_MIB);
    const server = await ServerProcess.start('m', folder, '--plan=frozen', '--log_level=info');
    try {
      assert.match(await server.lineWith('execution plan'), /"sharedWeights":true/);
      const peak = Math.round(server.peakRssBytes() / 2 ** 20);
      // With the weights as constants TensorFlow's optimizers held up to sixteen copies.
      assert.ok(peak < 3 * LARGE_MODEL_MIB + SERVER_MIB, `${peak} MiB`);
    } finally {
      await server.stop();
      rmSync(folder, { recursive: true });
    }
  });
});

/** The most memory that a server ever takes to load a model, and what it takes afterwards. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { writeWeightyConvolutions } from '../integration/weighty-model.js';
import { ServerProcess } from '../wire/server-process.js';

const MIB = 1 << 20;
const MODEL_MIB = 64;
/** Beside weights: TensorFlow, Node.js and graphs. TensorFlow's library alone is 700 MB, of which few are used. */
const PEAK_BESIDE_MIB = 260;
/** The same without pages of files: of these as many stay as the load's processor time lets go. */
const ANONYMOUS_BESIDE_MIB = 100;

describe('A load', function () {
  this.timeout(120_000);
  let folder: string;
  let server: ServerProcess | null = null;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-peak-'));
    writeWeightyConvolutions(join(folder, '1'), MODEL_MIB);
  });
  after(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true });
  });

  // As saved, with the factors in them, and as oneDNN has arranged these.
  it('holds weights of convolutions three times at most, then twice', async () => {
    server = await ServerProcess.start('m', folder, '--plan=frozen');
    await server.untilLogged('execution plan');
    await server.untilLogged('"msg":"serving"');
    const told = server.log;
    assert.match(told, /"sharedWeights":true,"fused":64/);
    const peak = server.peakRssBytes() / MIB;
    assert.ok(peak < 3 * MODEL_MIB + PEAK_BESIDE_MIB, `peak: ${peak} MiB\n${told}`);
    // What was freed goes back when the load is over, in a thread of its own.
    const now = (): number => (server?.anonymousBytes() ?? 0) / MIB;
    for (let left = 100; now() >= 2 * MODEL_MIB + ANONYMOUS_BESIDE_MIB; --left) {
      assert.ok(left > 0, `now: ${now()} MiB\n${told}`);
      await delay(100);
    }
  });
});

/** Profiles through the addon: what they count, what they keep alive, and with whom they end. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

import { addon } from '../../src/native/addon.js';
import { call } from '../../src/native/calls.js';
import type { NativeProfile, NativeProfileData } from '../../src/native/profiling.js';
import { ServingError } from '../../src/status/serving-error.js';
import { demoModel, load, nothingAlive, predictJson } from './models.js';

const OPTIONS = { id: 'p', model: '', ops: 1_000_000, bytes: 64 << 20 };
const BODY = '{"instances": [1.0, 2.0, 5.0]}';

function written(profile: NativeProfile): Promise<NativeProfileData> {
  return new Promise((resolve, reject) => {
    call<NativeProfileData>(
      (error, data) => (data === null ? reject(ServingError.from(error)) : resolve(data)),
      (slot) => addon().writeProfile(slot, profile),
    );
  });
}

describe('A profile of the addon', () => {
  afterEach(nothingAlive);

  it('counts runs and their ops, and keeps no model', async () => {
    const model = await load(demoModel('half_plus_two'));
    const plain = await predictJson(model, BODY);
    const profile = addon().openProfile(OPTIONS);
    assert.ok(profile);
    assert.equal(addon().openProfile(OPTIONS), null);
    const runs = 2000;
    for (let i = 0; i < runs; ++i) assert.equal(await predictJson(model, BODY), plain);
    await model.unload();
    const data = await written(profile);
    assert.equal(data.runs, runs);
    assert.equal(data.ops % runs, 0);
    assert.ok(data.ops >= 3 * runs);
    assert.equal(data.leftOut, 0);
    assert.ok(data.xspace.length > 10 * runs);
  });

  it('has no room beyond its bytes', async () => {
    const model = await load(demoModel('half_plus_two'));
    const profile = addon().openProfile({ ...OPTIONS, bytes: 4096 });
    assert.ok(profile);
    for (let i = 0; i < 50; ++i) await predictJson(model, BODY);
    const { runs, leftOut } = await written(profile);
    assert.ok(runs > 0 && runs < 20, String(runs));
    assert.equal(runs + leftOut, 50);
    await model.unload();
  });

  it('ends with its environment', async () => {
    const body = fileURLToPath(new URL('./worker-body.js', import.meta.url));
    const path = demoModel('half_plus_two');
    const worker = new Worker(body, { workerData: { task: 'exit-profiling', path } });
    assert.deepEqual(await once(worker, 'exit'), [5]);
    const profile = addon().openProfile(OPTIONS);
    assert.ok(profile);
    addon().endProfile(profile);
  });
});

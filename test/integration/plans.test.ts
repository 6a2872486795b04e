/** Execution plans through the addon: answers, and memory once the saved copy of the weights is gone. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { NativePlanOptions } from '../../src/native/binding.js';
import { SavedModel } from '../../src/native/saved-model.js';
import { demoModel, nothingAlive, predictJson, testModel } from './models.js';
import { COLUMNS, writeWeightyVariables } from './weighty-model.js';

const PLAN: NativePlanOptions = {
  wanted: 'frozen',
  refusal: '',
  synthetic: true,
  tryPool: true,
  trialMillis: 20,
  keepsNan: false,
  openVino: null,
  known: null,
};
const MODEL_MIB = 64;

function load(path: string, plan: NativePlanOptions): Promise<SavedModel> {
  return SavedModel.load({
    ...{ name: 'm', version: 1n, path, tags: ['serve'], configProto: new Uint8Array() },
    ...{ runInCallerThread: true, checkMethodNames: false, plan },
  });
}

function residentMib(): number {
  const status = readFileSync('/proc/self/status', 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}

describe('Execution plans', function () {
  this.timeout(120_000);
  afterEach(nothingAlive);

  it('tell what was chosen, and by what', async () => {
    const model = await load(demoModel('keras_mlp'), PLAN);
    const { plan, callerThread, reason, tried, cases, variables, times } = model.plan;
    assert.deepEqual(
      { plan, callerThread, reason, tried, variables },
      { plan: 'frozen', callerThread: true, reason: 'asked for', tried: true, variables: 4 },
    );
    assert.ok(cases >= 2);
    assert.deepEqual(
      times.map((time) => time.plan),
      ['as-saved', 'frozen'],
    );
    await model.unload();
  });

  it('give the answers of the graph as it was saved', async () => {
    const path = testModel('plans');
    const saved = await load(path, { ...PLAN, wanted: 'as-saved' });
    assert.equal(saved.plan.plan, 'as-saved');
    const frozen = await load(path, PLAN);
    assert.equal(frozen.plan.plan, 'frozen');
    for (const signature of ['reference', 'strings', 'branched', 'looped', 'never_read']) {
      const inputs = { x: [[0.5, -1, 2, 1.25]] };
      const body = JSON.stringify({ signature_name: signature, inputs });
      assert.equal(await predictJson(frozen, body), await predictJson(saved, body), signature);
    }
    const body = JSON.stringify({ signature_name: 'gathered', inputs: { ids: [4, 0, 2] } });
    assert.equal(await predictJson(frozen, body), await predictJson(saved, body));
    await Promise.all([saved.unload(), frozen.unload()]);
  });

  it('free the saved copy of the weights, and all of it at an unload', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tensorgate-plans-'));
    try {
      writeWeightyVariables(folder, MODEL_MIB);
      const body = JSON.stringify({ inputs: { x: [Array<number>(COLUMNS).fill(1)] } });
      const saved = await load(folder, { ...PLAN, wanted: 'as-saved' });
      const expected = await predictJson(saved, body);
      await saved.unload();
      const before = residentMib();
      for (let round = 0; round < 4; ++round) {
        const frozen = await load(folder, PLAN);
        assert.equal(frozen.plan.weightBytes, MODEL_MIB * 2 ** 20);
        assert.equal(await predictJson(frozen, body), expected);
        assert.ok(frozen.plan.sharedWeights, frozen.plan.noSharedWeights);
        // TensorFlow would hold a frozen graph's constants about three times.
        const grown = residentMib() - before;
        assert.ok(grown < 1.9 * MODEL_MIB, `${grown} MiB for ${MODEL_MIB} MiB of weights`);
        await frozen.unload();
      }
      const left = residentMib() - before;
      assert.ok(left < MODEL_MIB, `${left} MiB are left of models that were unloaded`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('are as saved for what a plan of no such name asks', async () => {
    const wanted = 'molten' as NativePlanOptions['wanted'];
    await assert.rejects(load(demoModel('keras_mlp'), { ...PLAN, wanted }), /no plan of that name/);
  });
});

/**
 * Memory of unloaded versions goes back to the system: resident memory stays flat over reloads.
 * Without malloc_trim() after an unload (servable_registry.cc) glibc keeps several times the model.
 * TENSORGATE_RELOADS sets how many reloads, 30 unless set.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createLog } from '../../src/log/log.js';
import { LoadMemory } from '../../src/servables/load-memory.js';
import { ModelOpLibraries } from '../../src/servables/op-libraries.js';
import { OpenVinoLoader } from '../../src/servables/openvino-loader.js';
import { SavedModelLoader } from '../../src/servables/saved-model-loader.js';
import { StatusCode } from '../../src/status/serving-error.js';
import { openVinoLibrary } from '../wire/openvino.js';
import { climbOf, mostRise } from './climb.js';
import { load, loadForOpenVino, nothingAlive, predictJson } from './models.js';
import {
  COLUMNS,
  writeWeightyModel,
  writeWeightyOnnx,
  writeWeightyVariables,
} from './weighty-model.js';

const RELOADS = Number(process.env['TENSORGATE_RELOADS'] ?? 30);
const MODEL_MIB = 30;
/** A load for OpenVINO takes several times what others take. */
const ENGINE_RELOADS = Math.ceil(RELOADS / 2);
const ENGINE_MODEL_MIB = 16;
/** The first reloads let TensorFlow's own caches and pools grow to their size. */
const SETTLED_AFTER = 3;

function residentMib(): number {
  const status = readFileSync('/proc/self/status', 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}

describe('Memory', function () {
  this.timeout(60_000 + RELOADS * 5_000);
  let folder: string;
  let small: string;
  let onnx: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-memory-'));
    writeWeightyModel(folder, MODEL_MIB);
    small = mkdtempSync(join(tmpdir(), 'tensorgate-memory-'));
    writeWeightyModel(small, 1);
    onnx = mkdtempSync(join(tmpdir(), 'tensorgate-memory-'));
  });
  after(() => {
    for (const path of [folder, small, onnx]) rmSync(path, { recursive: true });
  });

  it(`is given back after each of ${RELOADS} reloads of ${MODEL_MIB} MiB`, async () => {
    const body = JSON.stringify({ instances: [new Array<number>(COLUMNS).fill(1)] });
    const reload = async (path: string): Promise<number> => {
      const model = await load(path);
      await predictJson(model, body);
      await model.unload();
      return Math.round(residentMib());
    };
    const before = await reload(small); // has TensorFlow itself in memory
    const curve: number[] = [];
    while (curve.length < RELOADS) curve.push(await reload(folder));
    await nothingAlive();
    const told = `MiB after each reload: ${curve.join(' ')}; before: ${before}`;
    const settled = curve.slice(SETTLED_AFTER);
    // Freed and not trimmed is several times the weights at once, leaked is the weights each time.
    assert.ok(Math.max(...settled) - before < 5 * MODEL_MIB, told);
    assert.ok(climbOf(curve, SETTLED_AFTER).mib < MODEL_MIB, told);
  });

  it(`of OpenVINO is given back after each of ${RELOADS} reloads`, async function () {
    const library = openVinoLibrary();
    if (library === null) {
      Object.assign(this.test ?? {}, { skipReason: 'OpenVINO cannot be had' });
      this.skip();
    }
    writeWeightyOnnx(onnx, MODEL_MIB);
    const loader = new OpenVinoLoader({ name: 'm', version: 1n }, onnx, 'onnx', {
      library: () => Promise.resolve(library),
      warmup: { iterations: 1, synthetic: true, batchRows: [] },
      onWarmup: (_id, _path, { synthetic }) => assert.equal(synthetic.run, 1),
      memory: null,
      log: createLog('silent'),
    });
    const body = JSON.stringify({ instances: [new Array<number>(COLUMNS).fill(1)] });
    const curve: number[] = [];
    while (curve.length < RELOADS) {
      const model = await loader.load();
      await predictJson(model, body);
      await loader.unload(model);
      curve.push(Math.round(residentMib()));
    }
    await nothingAlive();
    const told = `MiB after each reload: ${curve.join(' ')}`;
    assert.ok(climbOf(curve, SETTLED_AFTER).mib < MODEL_MIB, told);
    assert.ok(mostRise(curve) < 3 * MODEL_MIB, told);
  });

  it(`of signatures that OpenVINO runs is given back after each of ${ENGINE_RELOADS} reloads`, async function () {
    const library = openVinoLibrary();
    if (library === null) {
      Object.assign(this.test ?? {}, { skipReason: 'OpenVINO cannot be had' });
      this.skip();
    }
    const path = mkdtempSync(join(tmpdir(), 'tensorgate-memory-'));
    writeWeightyVariables(path, ENGINE_MODEL_MIB);
    const row = new Array<number>(COLUMNS).fill(1);
    const curve: number[] = [];
    while (curve.length < ENGINE_RELOADS) {
      const model = await loadForOpenVino(path, library);
      assert.equal(model.plan.plan, 'openvino', model.plan.noOpenVino);
      // One row is compiled already; two are TensorFlow's once, or twice, and then compiled.
      for (const rows of [[row], [row, row], [row, row], [row, row]]) {
        await predictJson(model, JSON.stringify({ instances: rows }));
      }
      await model.unload();
      curve.push(Math.round(residentMib()));
    }
    rmSync(path, { recursive: true });
    await nothingAlive();
    const told = `MiB after each reload: ${curve.join(' ')}`;
    assert.ok(climbOf(curve, SETTLED_AFTER).mib < ENGINE_MODEL_MIB, told);
    assert.ok(mostRise(curve.slice(SETTLED_AFTER)) < 8 * ENGINE_MODEL_MIB, told);
  });

  it('is checked before a load, and a later attempt may succeed', async () => {
    let bytes = 1000;
    const loader = new SavedModelLoader({ name: 'm', version: 1n }, folder, {
      tags: ['serve'],
      configProto: new Uint8Array(),
      runInCallerThread: true,
      checkMethodNames: false,
      warmup: null,
      onWarmup: () => assert.fail('there is no warm-up'),
      memory: new LoadMemory(() => Promise.resolve({ bytes, source: 'the test' })),
      opLibraries: new ModelOpLibraries(false, createLog('silent')),
      plans: null,
    });
    const text = 'Insufficient resources to load servable {name: m version: 1}';
    await assert.rejects(loader.load(), { code: StatusCode.RESOURCE_EXHAUSTED, message: text });
    bytes = 1.5 * MODEL_MIB * 1024 * 1024; // enough for one: the reservation must not stay
    for (let load = 0; load < 2; ++load) await loader.unload(await loader.load());
    await nothingAlive();
  });
});

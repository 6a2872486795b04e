import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, cpSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { NativeWarmup, NativeWarmupOptions } from '../../src/native/warmup.js';
import { addon } from '../../src/native/addon.js';
import { SavedModel } from '../../src/native/saved-model.js';
import { ServingError, StatusCode } from '../../src/status/serving-error.js';
import { record, writeWarmupFile } from '../wire/tf-record.js';
import { demoModel, nothingAlive, testModel } from './models.js';

const EMPTY = record(new Uint8Array());

describe('Warm-up of a SavedModel', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-warmup-'));
    cpSync(demoModel('half_plus_two'), folder, { recursive: true });
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });
  afterEach(nothingAlive);

  /** Loads with every warm-up that comes reported in `seen`. */
  const load = (
    path: string,
    seen: NativeWarmup[],
    warmup: NativeWarmupOptions = { iterations: 1, synthetic: true, batchRows: [] },
  ): Promise<SavedModel> =>
    SavedModel.load(
      {
        ...{ name: 'm', version: 1n, path, tags: ['serve'], configProto: new Uint8Array() },
        ...{ runInCallerThread: true, checkMethodNames: false },
      },
      { ...warmup, onWarmup: (outcome) => seen.push(outcome) },
    );

  it('reports what a file held', async () => {
    writeWarmupFile(folder, Buffer.concat([EMPTY, EMPTY]));
    const seen: NativeWarmup[] = [];
    const model = await load(folder, seen);
    await model.unload();
    assert.equal(seen.length, 1);
    const { micros, ...others } = seen[0] as NativeWarmup;
    assert.ok(Number.isInteger(micros) && micros >= 0);
    assert.deepEqual(others, {
      hasFile: true,
      readThrough: true,
      records: 2,
      failure: null,
      synthetic: { run: 0, failed: 0, skipped: 0, firstFailure: '', notRepresentative: {} },
    });
  });

  it('reports a failure, rejects with it and keeps no session', async () => {
    writeWarmupFile(folder, Buffer.concat([EMPTY, EMPTY.subarray(0, 13)]));
    const seen: NativeWarmup[] = [];
    await assert.rejects(load(folder, seen), (error: unknown) => {
      assert.ok(error instanceof ServingError);
      assert.equal(error.code, StatusCode.DATA_LOSS);
      assert.match(error.message, /^truncated record at 16' failed with /);
      assert.deepEqual(seen[0]?.failure?.slice(0, 2), [error.code, error.message]);
      return true;
    });
    assert.deepEqual([seen[0]?.records, seen[0]?.readThrough], [1, true]);
    assert.equal(addon().counters().models, 0);
  });

  it('reports synthetic runs, and that nothing failed for it', async () => {
    const seen: NativeWarmup[] = [];
    await (await load(testModel('sized'), seen)).unload();
    assert.equal(seen[0]?.failure, null);
    assert.deepEqual([seen[0]?.hasFile, seen[0]?.synthetic.run], [false, 5]);
    assert.match(seen[0]?.synthetic.firstFailure ?? '', /^never: /);
    assert.deepEqual(Object.keys(seen[0]?.synthetic.notRepresentative ?? {}), [
      'always_empty',
      'never',
    ]);
  });

  it('refuses options that are none', async () => {
    const wrong = {
      iterations: 'one',
      synthetic: true,
      batchRows: [],
    } as unknown as NativeWarmupOptions;
    await assert.rejects(load(folder, [], wrong), /warmup must have a number iterations/);
  });
});

/** Hooks around a model of this test's, whatever happens to their thread; with test/plugins/hooks.mjs. */
import assert from 'node:assert/strict';

import type { Log } from '../../src/log/log.js';
import type { Done } from '../../src/native/calls.js';
import type { InferenceModel } from '../../src/native/inference-model.js';
import {
  dropTensors,
  holdTensors,
  pickTensors,
  readTensors,
  type TensorRequest,
  type TensorSet,
} from '../../src/native/tensor-sets.js';
import { HookLoader } from '../../src/plugins/hook-loader.js';
import { PluginThreads } from '../../src/plugins/plugin-threads.js';
import { writeSignatures } from '../../src/servables/signature-def-map.js';
import { ServingError, StatusCode } from '../../src/status/serving-error.js';
import { nothingAlive } from './models.js';

const STRING = 7;
const FLOATS = { dtype: 'DT_FLOAT', shape: [-1] };
const SIGNATURE = { inputs: new Map([['x', FLOATS]]), outputs: new Map([['y', FLOATS]]) };
const log = { info: () => undefined, error: () => undefined } as unknown as Log;

/** Puts out what it takes, when it is told to. */
class Model {
  readonly signatureDefMap = writeSignatures(new Map([['serving_default', SIGNATURE]]));
  readonly begun: { readonly timeoutMillis: number; readonly end: () => void }[] = [];
  isPaused = false;
  loads = 0;

  inferTensors({ inputs }: TensorRequest, timeoutMillis: number, done: Done<TensorSet>): void {
    const set = pickTensors(inputs.map((pick) => ({ ...pick, as: 'y' })));
    const end = (): void => done(null, set);
    this.begun.push({ timeoutMillis, end });
    if (!this.isPaused) end();
  }
}

describe('Hooks around a model', function () {
  this.timeout(30_000);
  let threads: PluginThreads;
  let model: Model;
  let loader: HookLoader;
  let hooked: InferenceModel;

  beforeEach(async () => {
    model = new Model();
    threads = await PluginThreads.start({
      files: 'test/plugins/hooks.mjs',
      count: 1,
      heapMegabytes: 48,
      capacity: 8,
      hangGraceMillis: 300,
      log,
    });
    const own = {
      load: () => {
        ++model.loads;
        return Promise.resolve(model as unknown as InferenceModel);
      },
      unload: () => {
        --model.loads;
        return Promise.resolve();
      },
    };
    const id = { name: 'm', version: 1n };
    loader = new HookLoader(own, { id, folder: '/m', hooks: ['lengths'], threads });
    hooked = await loader.load(new AbortController().signal);
  });
  afterEach(async () => {
    await loader.unload(hooked);
    assert.equal(model.loads, 0);
    await threads.end();
    await nothingAlive();
  });

  async function lengths(what: string, timeoutMillis = 0): Promise<number[]> {
    const set = holdTensors([{ name: 'in', dtype: STRING, shape: [1], data: [what] }]);
    const inputs = [{ set, name: 'in', as: 'text' }];
    const request = { signature: 'lengths', inputs, outputs: [] };
    const answer = await new Promise<TensorSet>((resolve, reject) => {
      hooked.inferTensors(request, timeoutMillis, (error, value) => {
        dropTensors(set);
        if (error === null) resolve(value as TensorSet);
        else reject(error);
      });
    });
    const [tensor] = readTensors(answer);
    dropTensors(answer);
    return [...new Float32Array(tensor?.data as ArrayBuffer)];
  }

  const failsAs = (code: StatusCode) => (error: unknown) => {
    assert.ok(error instanceof ServingError);
    assert.equal(error.code, code, error.message);
    return true;
  };

  it('give it what is left of the deadline', async () => {
    assert.deepEqual(await lengths('abc'), [3]);
    assert.deepEqual(await lengths('twice', 5000), [5]);
    const [without, first, second] = model.begun.map(({ timeoutMillis }) => timeoutMillis);
    assert.equal(without, 0);
    assert.ok(first !== undefined && first > 0 && first <= 5000, String(first));
    assert.ok(second !== undefined && second > 0 && second <= first, String(second));
  });

  it('drop what comes after the deadline, or after the answer', async () => {
    model.isPaused = true;
    await assert.rejects(lengths('abc', 50), failsAs(StatusCode.DEADLINE_EXCEEDED));
    assert.equal(model.begun.length, 1);
    for (const { end } of model.begun.splice(0)) end();
    assert.deepEqual(await lengths('late'), [-2]); // it asks for a run when it has answered
    model.isPaused = false;
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.deepEqual(model.begun, []);
    assert.deepEqual(await lengths('abc'), [3]);
  });

  it('drop what comes after the end of their thread, and are there again', async () => {
    model.isPaused = true;
    const ended = lengths('exit later');
    await assert.rejects(ended, failsAs(StatusCode.UNAVAILABLE));
    model.isPaused = false;
    assert.deepEqual(await lengths('abc'), [3]);
    for (const { end } of model.begun.splice(0, model.begun.length - 1)) end();
    assert.deepEqual(await lengths('abcd'), [4]);
  });

  it('hang, and are cut at the deadline', async () => {
    await assert.rejects(lengths('hang', 20), failsAs(StatusCode.DEADLINE_EXCEEDED));
    const behind = lengths('abc').catch(() => null); // with the thread that hangs, perhaps
    await behind;
    assert.deepEqual(await lengths('abc'), [3]);
  });

  it('unload what they are around where they cannot be attached', async () => {
    const own = {
      load: () => Promise.resolve(model as unknown as InferenceModel),
      unload: () => Promise.resolve(void ++model.loads),
    };
    const id = { name: 'm', version: 2n };
    const hooks = ['lengths', 'clash'];
    const clash = new HookLoader(own, { id, folder: '/m', hooks, threads });
    await assert.rejects(
      clash.load(new AbortController().signal),
      failsAs(StatusCode.FAILED_PRECONDITION),
    );
    assert.equal(model.loads, 2);
    --model.loads;
  });
});

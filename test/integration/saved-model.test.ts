import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { addon } from '../../src/native/addon.js';
import { NO_CONTEXT } from '../../src/native/inference-model.js';
import type { RunTrace } from '../../src/native/run-trace.js';
import { allocateTensor, type SavedModel } from '../../src/native/saved-model.js';
import { Method, type NativeTensor } from '../../src/native/values.js';
import { ServingError, StatusCode } from '../../src/status/serving-error.js';
import { demoModel, load, nothingAlive, predictJson, slowBody, testModel } from './models.js';

setFlagsFromString('--expose-gc');
(globalThis as { gc?: () => void }).gc = runInNewContext('gc') as () => void;

const FLOAT = 1;
const STRING = 7;

function fails(code: StatusCode, message: string | RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ServingError, String(error));
    assert.equal(error.code, code, error.message);
    if (typeof message === 'string') assert.equal(error.message, message);
    else assert.match(error.message, message);
    return true;
  };
}

describe('SavedModel', () => {
  afterEach(nothingAlive);

  it('tells when a traced request was in its stages, and nothing of others', async () => {
    const model = await load(demoModel('half_plus_two'));
    const spansOf = (body: string, trace: RunTrace | null): Promise<void> =>
      new Promise((resolve) => {
        const done = (): void => resolve();
        model.inferJson(Method.predict, Buffer.from(body), 0, done, { ...NO_CONTEXT, trace });
      });
    const told: (readonly number[])[] = [];
    const trace: RunTrace = {
      ran: (spans) => told.push(spans),
      step: () => ({ ...trace, end: () => undefined }),
      ranTogether: () => undefined,
    };
    const before = Number(process.hrtime.bigint());
    await spansOf('{"instances": [1.0]}', trace);
    await spansOf('{"instances": [1.0]}', null);
    await spansOf('{"instances": 1', trace);
    const after = Number(process.hrtime.bigint());
    const [ran = [], failed = []] = told;
    assert.equal(told.length, 2);
    const [queue, queued, decode, decoded, run, finished, encode, encoded] = ran as number[];
    const times = [before, decode, decoded, queue, queued, run, finished, encode, encoded, after];
    assert.deepEqual(
      times,
      times.toSorted((a, b) => (a ?? 0) - (b ?? 0)),
    );
    assert.deepEqual(
      [failed.slice(0, 2), failed.slice(4)],
      [
        [0, 0],
        [0, 0, 0, 0],
      ],
    );
    assert.ok((failed[2] ?? 0) > before && (failed[3] ?? 0) >= (failed[2] ?? 0));
    await model.unload();
  });

  it('answers a JSON body through TensorFlow', async () => {
    const model = await load(demoModel('half_plus_two'));
    assert.equal(
      await predictJson(model, '{"instances": [1.0, 2.0, 5.0]}'),
      '{\n    "predictions": [2.5, 3.0, 4.5\n    ]\n}',
    );
    await model.unload();
  });

  it('rejects a load with the status of TensorFlow', async () => {
    await assert.rejects(
      load('/does/not/exist'),
      fails(StatusCode.NOT_FOUND, /\/does\/not\/exist/),
    );
  });

  it('rejects a load by tags that the model has not', async () => {
    const { SavedModel: Model } = await import('../../src/native/saved-model.js');
    const loading = Model.load({
      name: 'm',
      version: 1n,
      path: demoModel('half_plus_two'),
      tags: ['train'],
      configProto: new Uint8Array(),
      runInCallerThread: true,
      checkMethodNames: false,
    });
    await assert.rejects(
      loading,
      fails(StatusCode.NOT_FOUND, /^Could not find meta graph def matching supplied tags/),
    );
  });

  it('ends a load that is stopped as cancelled, and keeps nothing of it', async () => {
    const { SavedModel: Model } = await import('../../src/native/saved-model.js');
    const stopping = new AbortController();
    const begin = (): Promise<SavedModel> =>
      Model.load(
        {
          ...{ name: 'm', version: 1n, path: demoModel('keras_mlp'), tags: ['serve'] },
          ...{ configProto: new Uint8Array(), runInCallerThread: true, checkMethodNames: false },
        },
        null,
        stopping.signal,
      );
    const cancelled = fails(StatusCode.CANCELLED, 'Loading of servable cancelled');
    const loading = begin();
    stopping.abort();
    await assert.rejects(loading, cancelled);
    await assert.rejects(begin(), cancelled);
  });

  it('runs a graph on the inter-op pool of TensorFlow as well', async () => {
    const { SavedModel: Model } = await import('../../src/native/saved-model.js');
    const model = await Model.load({
      name: 'm',
      version: 1n,
      path: demoModel('keras_mlp'),
      tags: ['serve'],
      configProto: new Uint8Array(),
      runInCallerThread: false,
      checkMethodNames: false,
    });
    const body = `{"instances": [${JSON.stringify(new Array<number>(16).fill(0))}]}`;
    assert.match(await predictJson(model, body), /^{\n {4}"predictions": \[\[0\./);
    await model.unload();
  });

  it('keeps answers where that is configured, until it is unloaded', async () => {
    addon().configureCaches([{ name: 'm', maxBytes: 1 << 20, ttlMillis: 0, key: [] }]);
    const model = await load(demoModel('half_plus_two'));
    const first = await predictJson(model, '{"instances": [1.0]}');
    assert.equal(await predictJson(model, '{"instances": [1]}'), first);
    assert.deepEqual(addon().cacheCounts().slice(0, 5), ['m', '1', 1, 0, 1]);
    assert.equal(addon().counters().keptAnswers, 1);
    assert.deepEqual(model.cacheRefusals, new Map());
    await model.unload();
    assert.deepEqual(addon().cacheCounts(), []);
    addon().configureCaches([]);
  });

  it('passes a run-time error of the graph through', async () => {
    const model = await load(testModel('failing'));
    await assert.rejects(
      predictJson(model, '{"instances": [0]}'),
      fails(StatusCode.INVALID_ARGUMENT, /./),
    );
    await model.unload();
  });

  it('answers a deadline that passed before the run began without running', async () => {
    const model = await load(testModel('slow'));
    const config = slowBody(50);
    const first = predictJson(model, config);
    const runs = Array.from({ length: 8 }, () => predictJson(model, config));
    const late = predictJson(model, config, 1);
    await assert.rejects(
      late,
      fails(StatusCode.DEADLINE_EXCEEDED, 'Timed out waiting for notification'),
    );
    await Promise.all([first, ...runs]);
    await model.unload();
  });

  it('keeps a session until the run in flight is over', async () => {
    const model = await load(testModel('slow'));
    const run = predictJson(model, slowBody(100));
    const unloaded = model.unload();
    assert.match(await run, /outputs/);
    await unloaded;
  });

  it('decodes a body above the limit of the event loop on the run pool', async () => {
    const model = await load(demoModel('half_plus_two'));
    const numbers = new Array<string>(50_000).fill('2.0');
    const body = `{"instances": [${numbers.join(', ')}]}`;
    assert.ok(body.length > addon().decodeOnLoopBytes);
    const reply = JSON.parse(await predictJson(model, body)) as { predictions: number[] };
    assert.equal(reply.predictions.length, 50_000);
    assert.ok(reply.predictions.every((value) => value === 3));
    await model.unload();
  });

  it('frees the memory of a large body that is given away, whatever becomes of it', async () => {
    const model = await load(demoModel('half_plus_two'));
    const long = 'x'.repeat(addon().decodeOnLoopBytes);
    for (const [given, answered] of [
      [`{"instances": [2.0], "ignored": "${long}"}`, true],
      [`{"instances": [2.0], "broken": "${long}`, false],
    ] as const) {
      const bytes = new TextEncoder().encode(given);
      const outcome = (body: Uint8Array | ArrayBuffer): Promise<boolean> =>
        new Promise((resolve) => {
          model.inferJson(Method.predict, body, 0, (error) => resolve(error === null));
        });
      const alone = bytes.slice().buffer;
      assert.equal(await outcome(alone), answered);
      assert.equal(alone.byteLength, 0);
      assert.equal(await outcome(bytes), answered);
      assert.equal(bytes.length, given.length, 'a view is not given away');
    }
    await model.unload();
  });
});

describe('SavedModel.run', () => {
  let identity: SavedModel;
  before(async () => {
    identity = await load(testModel('identity'));
  });
  after(async () => {
    await identity.unload();
    await nothingAlive();
  });

  /** Large enough that outputs are lent rather than copied. */
  const ELEMENTS = 64 << 10;

  it('takes allocated memory to TensorFlow and back without a copy', async () => {
    const data = allocateTensor(ELEMENTS * 4);
    new Float32Array(data).fill(1.5);
    const before = addon().addressOf(data);
    assert.equal(before % 64n, 0n);
    const outputs = await identity.run('identity_float32', {
      x: { dtype: FLOAT, shape: [ELEMENTS], data },
    });
    const output = Object.values(outputs)[0] as NativeTensor;
    assert.ok(output.data instanceof ArrayBuffer);
    // The graph is an Identity: the one memory went in, through and out.
    assert.equal(addon().addressOf(output.data), before);
    assert.equal(new Float32Array(output.data)[ELEMENTS - 1], 1.5);
  });

  it('detaches the memory it took, so that late writes cannot race', async () => {
    const data = allocateTensor(16);
    const running = identity.run('identity_float32', { x: { dtype: FLOAT, shape: [4], data } });
    assert.equal(data.byteLength, 0);
    await running;
  });

  it('copies memory that is not its own and leaves it alone', async () => {
    const data = new Float32Array([1, 2, 3]).buffer;
    const outputs = await identity.run('identity_float32', {
      x: { dtype: FLOAT, shape: [3], data },
    });
    const output = Object.values(outputs)[0] as NativeTensor;
    assert.deepEqual(output.shape, [3]);
    assert.deepEqual([...new Float32Array(output.data as ArrayBuffer)], [1, 2, 3]);
    assert.equal(data.byteLength, 12);
  });

  it('carries strings both ways', async () => {
    const outputs = await identity.run('identity_string', {
      x: { dtype: STRING, shape: [2], data: ['ä', Buffer.from([0, 255])] },
    });
    const output = Object.values(outputs)[0] as NativeTensor;
    assert.deepEqual(output.data, [Buffer.from('ä'), Buffer.from([0, 255])]);
  });

  it('refuses data that does not match the shape as a bug of the caller', async () => {
    await assert.rejects(
      identity.run('identity_float32', {
        x: { dtype: FLOAT, shape: [4], data: new ArrayBuffer(12) },
      }),
      /exactly the elements of the shape/,
    );
  });

  it('refuses an unknown signature and an unknown input', async () => {
    const x = { dtype: FLOAT, shape: [1], data: new ArrayBuffer(4) };
    await assert.rejects(
      identity.run('nope', { x }),
      fails(StatusCode.FAILED_PRECONDITION, 'Serving signature key "nope" not found.'),
    );
    await assert.rejects(
      identity.run('identity_float32', { z: x }),
      fails(StatusCode.INVALID_ARGUMENT, 'signature identity_float32 has no input z'),
    );
  });
});

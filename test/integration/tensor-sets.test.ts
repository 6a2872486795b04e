/** From tensors to tensors: models, batches of them, and versions that somebody else runs. */
import assert from 'node:assert/strict';

import { loadProtos } from '../../src/protos/protos.js';
import { runBatch, type Task } from '../../src/native/batch.js';
import type { Done } from '../../src/native/calls.js';
import { declareModel, DeclaredModel, type RunDeclared } from '../../src/native/declared-model.js';
import type { InferenceModel } from '../../src/native/inference-model.js';
import {
  dropTensors,
  holdTensors,
  readTensors,
  type TensorRequest,
  type TensorSet,
} from '../../src/native/tensor-sets.js';
import { Method } from '../../src/native/values.js';
import { ServingError, StatusCode } from '../../src/status/serving-error.js';
import { demoModel, load, nothingAlive, predictJson } from './models.js';

const FLOAT = 1;
const STRING = 7;

function floats(...values: number[]): TensorSet {
  const data = new Float32Array(values).buffer;
  return holdTensors([{ name: 'in', dtype: FLOAT, shape: [values.length], data }]);
}

function requestOf(set: TensorSet, outputs: readonly string[] = []): TensorRequest {
  return { signature: '', inputs: [{ set, name: 'in', as: 'x' }], outputs };
}

/** The values of the only tensor, and the set is dropped. */
function valuesOf(set: TensorSet): number[] {
  const [tensor] = readTensors(set);
  const values = [...new Float32Array(tensor?.data as ArrayBuffer)];
  dropTensors(set);
  return values;
}

function infer(model: InferenceModel, request: TensorRequest): Promise<TensorSet> {
  return new Promise((resolve, reject) => {
    model.inferTensors(request, 0, (error, set) => {
      if (error !== null) reject(error);
      else resolve(set as TensorSet);
    });
  });
}

/** A SignatureDefMap of one signature: x to y. */
function signatures(dtype: number): Uint8Array {
  const type = loadProtos(['tensorflow_serving/apis/get_model_metadata.proto']).lookupType(
    'tensorflow.serving.SignatureDefMap',
  );
  const tensor = { dtype, tensor_shape: { dim: [{ size: -1 }] } };
  const signature = { inputs: { x: tensor }, outputs: { y: tensor } };
  return type.encode(type.fromObject({ signature_def: { serving_default: signature } })).finish();
}

describe('Tensors to tensors', () => {
  afterEach(nothingAlive);

  it('runs a model on tensors that are held, and shares them', async () => {
    const model = await load(demoModel('half_plus_two'));
    const set = floats(1, 2, 5);
    const answers = await Promise.all([
      infer(model, requestOf(set)),
      infer(model, requestOf(set, ['y'])),
    ]);
    dropTensors(set);
    assert.deepEqual(answers.map(valuesOf), [
      [2.5, 3, 4.5],
      [2.5, 3, 4.5],
    ]);
    await model.unload();
  });

  it('names what is missing, and what there is not', async () => {
    const model = await load(demoModel('half_plus_two'));
    const set = floats(1);
    const fails = (request: TensorRequest, code: StatusCode, message: string): Promise<void> =>
      assert.rejects(infer(model, request), (error) => {
        assert.ok(error instanceof ServingError);
        assert.deepEqual([error.code, error.message], [code, message]);
        return true;
      });
    const { INVALID_ARGUMENT, FAILED_PRECONDITION } = StatusCode;
    const signature = 'serving_default';
    await fails(
      { signature, inputs: [{ set, name: 'in', as: 'other' }], outputs: [] },
      INVALID_ARGUMENT,
      'input "x" of signature "serving_default" is missing',
    );
    await fails(
      requestOf(set, ['z']),
      INVALID_ARGUMENT,
      'signature "serving_default" has no output "z"',
    );
    await fails(
      { ...requestOf(set), signature: 'nobody' },
      FAILED_PRECONDITION,
      'Serving signature key "nobody" not found.',
    );
    dropTensors(set);
    await model.unload();
  });

  it('shares a run with requests of clients', async () => {
    const model = await load(demoModel('half_plus_two'));
    const set = floats(1, 2);
    const tasks: Task[] = [];
    const tensors = new Promise<TensorSet>((resolve, reject) => {
      const done: Done<TensorSet> = (error, value) =>
        error === null ? resolve(value as TensorSet) : reject(error);
      model.prepareTensors(requestOf(set), done, (task) => tasks.push(task));
    });
    const json = new Promise<string>((resolve, reject) => {
      const done: Done<string | Uint8Array> = (error, reply) =>
        error === null ? resolve(String(reply)) : reject(error);
      const body = Buffer.from('{"instances": [5.0]}');
      model.prepareJson(Method.predict, body, done, (task) => tasks.push(task));
    });
    dropTensors(set);
    const options = { padTo: 0, padVariableLength: false, timeoutMillis: 0, strict: true };
    const report = await new Promise<unknown>((resolve) => {
      runBatch(tasks, null, options, (_error, value) => resolve(value?.slice(1, 4)));
    });
    assert.deepEqual(report, [3, 3, 0]);
    assert.deepEqual(valuesOf(await tensors), [2.5, 3]);
    assert.equal(await json, '{\n    "predictions": [4.5\n    ]\n}');
    await model.unload();
  });

  it('has requests run elsewhere, from both kinds of bytes and from tensors', async () => {
    const model = await load(demoModel('half_plus_two'));
    const seen: unknown[] = [];
    const run: RunDeclared = ({ inputs, signature, outputs }, done) => {
      seen.push([signature, outputs]);
      const request = { signature, inputs: [{ set: inputs, name: 'x', as: 'x' }], outputs };
      model.inferTensors(request, 0, done);
    };
    const declared = new DeclaredModel(declareModel('elsewhere', 3n, signatures(FLOAT)), run);
    assert.deepEqual(declared.signatures, ['serving_default']);
    const text = await predictJson(declared as never, '{"instances": [1.0, 2.0]}');
    assert.equal(text, '{\n    "predictions": [2.5, 3.0\n    ]\n}');
    const set = floats(4);
    assert.deepEqual(valuesOf(await infer(declared, requestOf(set, ['y']))), [4]);
    dropTensors(set);
    assert.deepEqual(seen[0], ['serving_default', ['y']]);
    await assert.rejects(predictJson(declared as never, '{"instances": ["a"]}'), /float/i);
    await declared.unload();
    await model.unload();
  });

  it('carries strings, and answers with what went wrong elsewhere', async () => {
    const texts: (string | undefined)[] = [];
    const declared = new DeclaredModel(
      declareModel('texts', 1n, signatures(STRING)),
      ({ inputs }, done) => {
        const [tensor] = readTensors(inputs);
        const data = tensor?.data as readonly Uint8Array[];
        texts.push(...data.map((each) => Buffer.from(each).toString()));
        if (texts.includes('bad'))
          done(new ServingError(StatusCode.DATA_LOSS, 'no such text'), null);
        else if (texts.includes('none')) done(null, holdTensors([]));
        else done(null, holdTensors([{ name: 'y', dtype: STRING, shape: [1], data: ['é'] }]));
      },
    );
    const ask = (text: string): Promise<string> =>
      predictJson(declared as never, `{"instances": ["${text}"]}`);
    assert.equal(await ask('good'), '{\n    "predictions": ["é"\n    ]\n}');
    await assert.rejects(ask('none'), /output "y" was not put out/);
    await assert.rejects(ask('bad'), /no such text/);
    assert.deepEqual(texts, ['good', 'none', 'bad']);
    await declared.unload();
  });

  it('refuses signatures that are none', () => {
    const declare = (map: Uint8Array) => () => declareModel('m', 1n, map);
    assert.throws(declare(signatures(20)), /dtype resource, which cannot be served/);
    assert.throws(declare(Buffer.from([0x0a, 0x05])), ServingError);
  });
});

/** The requests that the bench sends: well-formed, and of the model's shape. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { grpcBody, restBody, SERVER_CASES } from '../../../bench/cases.js';
import { MODEL_CASES } from '../../../bench/model-cases.js';
import {
  decodePredictOutput,
  encodePredictRequest,
  statusNamesAvailable,
} from '../../../bench/predict-message.js';

const ALL_CASES = [...SERVER_CASES, ...MODEL_CASES];

function shapeOf(value: unknown): number[] {
  return Array.isArray(value) ? [value.length, ...shapeOf(value[0])] : [];
}

describe('bench cases', () => {
  it('name models that the repository holds', () => {
    for (const { model } of SERVER_CASES) {
      assert.ok(existsSync(`${model.basePath}/${model.version}/saved_model.pb`), model.basePath);
    }
  });

  it('have names of their own', () => {
    const names = ALL_CASES.map((one) => one.name);
    assert.equal(new Set(names).size, names.length);
  });

  it('send REST bodies of the shape of the model', () => {
    for (const { model } of ALL_CASES) {
      const { instances } = JSON.parse(restBody(model).toString()) as { instances: unknown };
      assert.deepEqual(shapeOf(instances), model.shape);
    }
  });

  it('send the half_plus_two body of the documentation', () => {
    const one = SERVER_CASES.find(({ model }) => model.name === 'half_plus_two');
    assert.equal(one?.body.toString(), '{"instances": [1.0, 2.0, 5.0]}');
  });

  it('send whole numbers where the model takes whole numbers', () => {
    const one = MODEL_CASES.find(({ model }) => model.name === 'keras_transformer');
    assert.ok(one !== undefined && one.model.values instanceof Int32Array);
    assert.match(restBody(one.model).toString(), /^\{"instances": \[\[\d+(,\d+){127}\]\]\}$/);
    assert.ok(one.model.values.every((token) => token >= 0 && token < 10_000));
  });

  it('send gRPC bodies that hold every number of the model', () => {
    for (const { model } of ALL_CASES) {
      for (const form of ['content', 'values'] as const) {
        const least = model.values instanceof Int32Array && form === 'values' ? 1 : 4;
        assert.ok(grpcBody(model, form).length > least * model.values.length);
      }
    }
  });
});

describe('predict messages', () => {
  it('carry the same numbers as bytes and as values', () => {
    const values = Float32Array.of(1.5, -2, 0.25);
    for (const form of ['content', 'values'] as const) {
      const request = encodePredictRequest('m', 'x', [3], values, form);
      // In requests and replies alike, a map from name to tensor; fields 2 and 1.
      const asReply = Buffer.from(request.subarray(request.indexOf(0x12)));
      asReply[0] = 0x0a;
      assert.deepEqual(decodePredictOutput(asReply, 'x'), values);
    }
  });

  it('say that a version is available', () => {
    const version = (state: number): Buffer => Buffer.from([0x0a, 4, 0x08, 1, 0x10, state]);
    assert.equal(statusNamesAvailable(Buffer.concat([version(50), version(30)])), true);
    assert.equal(statusNamesAvailable(version(20)), false);
  });

  it('give null for an output that is not there', () => {
    assert.equal(decodePredictOutput(new Uint8Array(), 'y'), null);
  });
});

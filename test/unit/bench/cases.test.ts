/** The requests that the bench sends: well-formed, and of the model's shape. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { grpcBody, restBody, SERVER_CASES } from '../../../bench/cases.js';
import { decodePredictOutput, encodePredictRequest } from '../../../bench/predict-message.js';

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
    const names = SERVER_CASES.map((one) => one.name);
    assert.equal(new Set(names).size, names.length);
  });

  it('send REST bodies of the shape of the model', () => {
    for (const { model } of SERVER_CASES) {
      const { instances } = JSON.parse(restBody(model).toString()) as { instances: unknown };
      assert.deepEqual(shapeOf(instances), model.shape);
    }
  });

  it('send the half_plus_two body of the documentation', () => {
    const one = SERVER_CASES.find(({ model }) => model.name === 'half_plus_two');
    assert.equal(one?.body.toString(), '{"instances": [1.0, 2.0, 5.0]}');
  });

  it('send gRPC bodies that hold every number of the model', () => {
    for (const { model } of SERVER_CASES) {
      for (const form of ['content', 'values'] as const) {
        assert.ok(grpcBody(model, form).length > 4 * model.values.length);
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

  it('give null for an output that is not there', () => {
    assert.equal(decodePredictOutput(new Uint8Array(), 'y'), null);
  });
});

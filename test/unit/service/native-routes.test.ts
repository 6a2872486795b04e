import assert from 'node:assert/strict';

import type { AvailableModel } from '../../../src/core/manager.js';
import type { Labels } from '../../../src/core/version-labels.js';
import type { InferenceModel } from '../../../src/native/inference-model.js';
import { nativeRoutes } from '../../../src/service/native-routes.js';

/** `id` undefined: batched. */
function model(id?: number): InferenceModel {
  return (id === undefined ? {} : { directId: id }) as unknown as InferenceModel;
}

function available(
  name: string,
  latest: InferenceModel | null,
  ...versions: [bigint, InferenceModel][]
): AvailableModel<InferenceModel> {
  return { name, latest, versions };
}

const NO_LABELS = (): Labels => new Map();
const NO_SHADOW = (): boolean => false;

describe('nativeRoutes', () => {
  it('names each version and the one that answers for the model', () => {
    const [one, two] = [model(7), model(8)];
    const routes = nativeRoutes([available('m', two, [2n, two], [1n, one])], NO_LABELS, NO_SHADOW);
    assert.deepEqual(routes, ['m', 8, [2n, 8, 1n, 7], []]);
  });

  it('leaves out versions that are batched', () => {
    const [one, two] = [model(7), model()];
    const routes = nativeRoutes([available('m', two, [2n, two], [1n, one])], NO_LABELS, NO_SHADOW);
    assert.deepEqual(routes, ['m', 0, [1n, 7], []]);
  });

  it('leaves out models with shadow traffic', () => {
    const one = model(7);
    const routes = nativeRoutes(
      [available('shadowed', one, [1n, one]), available('m', one, [1n, one])],
      NO_LABELS,
      (name) => name === 'shadowed',
    );
    assert.deepEqual(routes, ['m', 7, [1n, 7], []]);
  });

  it('has the labels of one version that is there, and no others', () => {
    const [one, two] = [model(7), model(8)];
    const labels: Labels = new Map([
      ['stable', new Map([[1n, 1]])],
      ['canary', new Map([[2n, 1]])],
      ['gone', new Map([[3n, 1]])],
      [
        'shared',
        new Map([
          [1n, 9],
          [2n, 1],
        ]),
      ],
    ]);
    const routes = nativeRoutes(
      [available('m', two, [2n, two], [1n, one])],
      () => labels,
      NO_SHADOW,
    );
    assert.deepEqual(routes, ['m', 8, [2n, 8, 1n, 7], ['stable', 7, 'canary', 8]]);
  });
});

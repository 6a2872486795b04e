import assert from 'node:assert/strict';

import { ServableState } from '../../../src/core/servable.js';
import type { ModelState } from '../../../src/io-threads/messages.js';
import { ReplicaCatalog } from '../../../src/io-threads/replica-catalog.js';
import type { InferenceModel } from '../../../src/native/inference-model.js';
import type { ModelReplica } from '../../../src/servables/model-replica.js';
import { StatusCode } from '../../../src/status/serving-error.js';

describe('ReplicaCatalog', () => {
  let made: number[];
  let catalog: ReplicaCatalog;
  beforeEach(() => {
    made = [];
    catalog = new ReplicaCatalog((_name, { loaded }) => {
      made.push(loaded.id);
      return { directId: loaded.id } as InferenceModel;
    });
  });

  const replica = (id: number): ModelReplica =>
    ({ loaded: { id }, batching: null }) as unknown as ModelReplica;

  /** Versions by the numbers of their models. */
  function state(name: string, ids: Record<string, number>, latest: bigint | null): ModelState {
    const versions = Object.entries(ids).map(([version, id]) => [BigInt(version), replica(id)]);
    return {
      name,
      statuses: [
        {
          version: 7n,
          state: ServableState.END,
          error: { code: 5, message: 'no', violations: [] },
        },
      ],
      trouble: { code: 5, message: 'no', violations: [] },
      versions: versions as [bigint, ModelReplica][],
      latest,
    };
  }

  const update = (...models: ModelState[]): void => catalog.update({ models, configuration: null });

  it('answers with the version that is named, or the latest', () => {
    update(state('m', { 1: 10, 2: 20 }, 1n));
    assert.equal(catalog.acquire('m', 2n).servable.directId, 20);
    assert.equal(catalog.acquire('m', null).servable.directId, 10);
    assert.deepEqual(catalog.acquire('m', null).id, { name: 'm', version: 1n });
    assert.throws(() => catalog.acquire('m', 3n), {
      code: StatusCode.NOT_FOUND,
      message: 'Servable not found for request: Specific(m, 3)',
    });
    assert.throws(() => catalog.acquire('n', null), {
      message: 'Servable not found for request: Latest(n)',
    });
  });

  it('keeps a model that it has, with its queues, through updates', () => {
    update(state('m', { 1: 10 }, 1n));
    update(state('m', { 1: 10, 2: 20 }, 2n));
    assert.deepEqual(made, [10, 20]);
    assert.equal(catalog.available()[0]?.versions.length, 2);
  });

  it('has statuses with the errors of failed loads, and a revision that changes with them', () => {
    const before = catalog.revision;
    update(state('m', {}, null));
    assert.notEqual(catalog.revision, before);
    assert.deepEqual(catalog.names(), ['m']);
    const [status] = catalog.statuses('m');
    assert.equal(status?.error?.toString(), 'NOT_FOUND: no');
    assert.deepEqual(catalog.statuses('n'), []);
  });

  it('retires a model when its last handle is released', async () => {
    update(state('m', { 1: 10 }, 1n));
    const handles = [catalog.acquire('m', null), catalog.acquire('m', 1n)];
    update(state('m', {}, null));
    assert.throws(() => catalog.acquire('m', null), { code: StatusCode.NOT_FOUND });
    let isRetired = false;
    const retired = catalog.retire(10).then(() => {
      isRetired = true;
    });
    handles[0]?.release();
    await new Promise(setImmediate);
    assert.equal(isRetired, false);
    handles[1]?.release();
    await retired;
    assert.throws(() => handles[0]?.release(), /released twice/);
  });

  it('retires at once what nobody uses, or has never come here', async () => {
    update(state('m', { 1: 10 }, 1n));
    update(state('m', {}, null));
    await catalog.retire(10);
    await catalog.retire(99);
  });

  it('resolves labels as the main thread has them, among what is available here', () => {
    update(state('m', { 1: 10 }, 1n));
    const target = new Map([
      [1n, 1],
      [2n, 1000],
    ]);
    const labels = new Map([['m', new Map([['live', target]])]]);
    catalog.update({ models: [], configuration: { models: [], labels } });
    assert.equal(catalog.labelled('m', 'live', null), 1n);
    assert.equal(catalog.isShared('m', 'live'), true);
    assert.throws(() => catalog.labelled('m', 'dead', null), { code: StatusCode.INVALID_ARGUMENT });
  });
});

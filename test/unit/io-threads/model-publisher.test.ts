import assert from 'node:assert/strict';

import { ServableState } from '../../../src/core/servable.js';
import type { CatalogUpdate } from '../../../src/io-threads/messages.js';
import { ModelPublisher, type Served } from '../../../src/io-threads/model-publisher.js';
import { SavedModel } from '../../../src/native/saved-model.js';

type Loaded = Parameters<typeof SavedModel.attached>[0];

describe('ModelPublisher', () => {
  const model = SavedModel.attached({
    id: 10,
    signatures: [],
    rows: null,
  } as unknown as Loaded);
  let asked: { kind: string; request: unknown; answer: () => void; fail: () => void }[];
  let isAvailable: boolean;
  let failures: number;
  let publisher: ModelPublisher;
  beforeEach(() => {
    asked = [];
    isAvailable = true;
    failures = 0;
    const served: Served = {
      names: () => ['m'],
      statuses: () => [{ version: 1n, state: ServableState.AVAILABLE, error: null }],
      troubleOf: () => null,
      availableOf: (name) =>
        isAvailable
          ? { name, latest: model, versions: [[1n, model]] }
          : { name, latest: null, versions: [] },
      configuration: () => ({ models: [], labels: new Map() }),
    };
    const threads = {
      askAll: (kind: string, request: unknown) =>
        new Promise<void>((resolve, reject) => {
          asked.push({ kind, request, answer: resolve, fail: () => reject(new Error('gone')) });
        }),
    };
    publisher = new ModelPublisher(threads, served, () => void ++failures);
  });

  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  /** The versions of each model in the update that was asked as the i-th. */
  function versionsOf(i: number): string {
    const { models } = asked[i]?.request as CatalogUpdate;
    return models
      .map(({ name, versions }) => `${name}: ${versions.map(([version]) => version).join()}`)
      .join();
  }

  it('is silent until it is opened, then tells everything', async () => {
    publisher.changed('m');
    publisher.configured();
    await publisher.retired(model);
    await turn();
    assert.equal(asked.length, 0);
    const opened = publisher.open();
    assert.equal(versionsOf(0), 'm: 1');
    assert.ok((asked[0]?.request as CatalogUpdate).configuration);
    asked[0]?.answer();
    await opened;
  });

  it('tells what changes in one turn at once, and the configuration only when it changes', async () => {
    void publisher.open();
    publisher.changed('m');
    publisher.changed('m');
    await turn();
    assert.deepEqual(
      asked.map(({ kind }) => kind),
      ['update', 'update'],
    );
    assert.equal((asked[1]?.request as CatalogUpdate).configuration, null);
  });

  it('is settled when all that was told has been heard', async () => {
    void publisher.open();
    publisher.changed('m');
    let isSettled = false;
    const settled = publisher.settled().then(() => {
      isSettled = true;
    });
    asked[0]?.answer();
    await turn();
    assert.equal(isSettled, false);
    asked[1]?.answer();
    await settled;
  });

  it('retires a model after it has told that it is gone, when every thread says so', async () => {
    void publisher.open();
    isAvailable = false;
    publisher.changed('m');
    let isRetired = false;
    const retired = publisher.retired(model).then(() => {
      isRetired = true;
    });
    assert.equal(versionsOf(1), 'm: ');
    assert.deepEqual([asked[2]?.kind, asked[2]?.request], ['retire', 10]);
    await turn();
    assert.equal(isRetired, false);
    asked[2]?.answer();
    await retired;
  });

  it('takes a thread that has ended for one that uses nothing, but tells that it hears no more', async () => {
    void publisher.open();
    const retired = publisher.retired(model);
    for (const { fail } of asked) fail();
    await retired;
    await turn();
    assert.equal(failures, 1);
  });
});

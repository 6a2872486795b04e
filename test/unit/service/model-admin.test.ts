import assert from 'node:assert/strict';

import { singleModel, type ModelConfig } from '../../../src/config/model-config.js';
import { systemClock } from '../../../src/core/clock.js';
import { ModelSet } from '../../../src/core/model-set.js';
import { ServableState, type VersionStatus } from '../../../src/core/servable.js';
import type { Source } from '../../../src/core/source.js';
import { VersionLabels } from '../../../src/core/version-labels.js';
import { ModelAdminService } from '../../../src/service/model-admin.js';
import { ServingError, StatusCode } from '../../../src/status/serving-error.js';

const M = singleModel('m', '/m');
const N = singleModel('n', '/n');
const labelled = (...labels: [string, bigint][]): ModelConfig => ({
  ...M,
  labels: new Map(labels.map(([label, version]) => [label, new Map([[version, 1]])])),
});
const one = (version: bigint): Map<bigint, number> => new Map([[version, 1]]);
const none = { set: new Map(), remove: [], replace: false };

describe('ModelAdminService', () => {
  let events: string[];
  let available: Set<bigint>;
  let versions: VersionStatus[];
  let untilServing: (names: readonly string[]) => Promise<void>;
  let writeFile: ((models: readonly ModelConfig[]) => Promise<void>) | null;
  let admin: ModelAdminService;

  async function start(...models: ModelConfig[]): Promise<void> {
    const source: Source = {
      start: () => undefined,
      configure: (list) => events.push(`configure ${list.map(({ name }) => name).join()}`),
      rescan: (name) => Promise.resolve(void events.push(`rescan ${name}`)),
      found: () => Promise.resolve([]),
      close: () => undefined,
    };
    const set = new ModelSet({
      source,
      labels: new VersionLabels((_, version) => available.has(version), false),
      untilServing: (names) => untilServing(names),
      waitMillis: 0,
      clock: systemClock,
    });
    await set.start({ kind: 'models', models });
    events = [];
    admin = new ModelAdminService({
      models: set,
      statuses: () => versions,
      found: () => Promise.resolve([1n]),
      writeFile,
      log: { info: () => undefined } as never,
    });
  }

  beforeEach(() => {
    events = [];
    available = new Set([1n, 2n]);
    versions = [{ version: 1n, state: ServableState.AVAILABLE, error: null }];
    untilServing = (names) => {
      if (names.length > 0) events.push(`wait for ${names.join()}`);
      return Promise.resolve();
    };
    writeFile = (models) =>
      Promise.resolve(void events.push(`write ${models.map(({ name }) => name).join()}`));
  });

  const names = (): string =>
    admin
      .models()
      .map(({ name }) => name)
      .join();
  const rejects = (work: Promise<unknown>, code: StatusCode, message: string): Promise<void> =>
    assert.rejects(work, (error: unknown) => {
      assert.equal(String(error), String(new ServingError(code, message)));
      return true;
    });

  it('adds a model and waits for it, replaces one in its place, removes one', async () => {
    await start(M);
    assert.deepEqual(await admin.set(N, false), [{ name: 'n', error: null, versions }]);
    const moved = singleModel('m', '/elsewhere');
    await admin.set(moved, false);
    assert.deepEqual(admin.models(), [moved, N]);
    await admin.remove('m', false);
    assert.deepEqual(admin.models(), [N]);
    assert.deepEqual(events, ['configure m,n', 'wait for n', 'configure m,n', 'configure n']);
  });

  it('writes back once the change is in force, before the wait', async () => {
    await start(M);
    await admin.set(N, true);
    assert.deepEqual(events, ['configure m,n', 'write m,n', 'wait for n']);
  });

  it('writes nothing when the change is refused', async () => {
    await start(M);
    const relative = singleModel('n', 'relative');
    await rejects(
      admin.set(relative, true),
      StatusCode.INVALID_ARGUMENT,
      'Expected model n to have an absolute path or URI; got base_path()=relative',
    );
    assert.deepEqual(events, []);
    assert.deepEqual(admin.models(), [M]);
  });

  it('refuses to write back without a file, and says when writing failed', async () => {
    writeFile = null;
    await start(M);
    await rejects(
      admin.remove('m', true),
      StatusCode.FAILED_PRECONDITION,
      'There is no file to write back to: the server runs without --model_config_file.',
    );
    assert.equal(names(), 'm');
    writeFile = () => Promise.reject(new Error('EROFS'));
    await start(M);
    await rejects(
      admin.remove('m', true),
      StatusCode.INTERNAL,
      'The change is in force, but it could not be written back: EROFS',
    );
    assert.equal(names(), '');
  });

  it('says what became of each model that did not come to serve', async () => {
    await start();
    const failure = new ServingError(StatusCode.NOT_FOUND, 'no model');
    versions = [{ version: 1n, state: ServableState.END, error: failure }];
    untilServing = () => Promise.reject(new ServingError(StatusCode.UNKNOWN, '1 model(s) …'));
    const results = await admin.setAll({ kind: 'models', models: [M] }, false);
    assert.deepEqual(results, [{ name: 'm', error: failure, versions }]);
    versions = [];
    const late = new ServingError(StatusCode.DEADLINE_EXCEEDED, 'later');
    untilServing = () => Promise.reject(late);
    assert.deepEqual(await admin.set(N, false), [{ name: 'n', error: late, versions: [] }]);
    assert.equal(names(), 'm,n');
  });

  for (const [what, work, code, message] of [
    [
      'an unknown model to remove',
      () => admin.remove('x', false),
      StatusCode.NOT_FOUND,
      'Model x is not configured',
    ],
    [
      'an unknown model to look at',
      () => admin.model('x'),
      StatusCode.NOT_FOUND,
      'Model x is not configured',
    ],
    [
      'an unknown model to rescan',
      () => admin.rescan('x'),
      StatusCode.NOT_FOUND,
      'Model x is not configured',
    ],
    [
      'a model without a name',
      () => admin.set(singleModel('', '/m'), false),
      StatusCode.INVALID_ARGUMENT,
      'The model has no name.',
    ],
    [
      'a model that is to be logged',
      () => admin.set({ ...N, wantsLogging: true }, false),
      StatusCode.INVALID_ARGUMENT,
      'No request-logger-creator provided.',
    ],
    [
      'what is no list',
      () => admin.setAll({ kind: 'none' }, false),
      StatusCode.INVALID_ARGUMENT,
      'ServerModelConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList is currently supported',
    ],
    [
      'a label of a version that is not available',
      () => admin.setLabels('m', { ...none, set: new Map([['b', one(9n)]]) }, false),
      StatusCode.FAILED_PRECONDITION,
      'Request to assign label to version 9 of model m, which is not currently available for inference',
    ],
    [
      'an unknown label to remove',
      () => admin.setLabels('m', { ...none, remove: ['x'] }, false),
      StatusCode.NOT_FOUND,
      'Model m has no label x',
    ],
    [
      'a label to set and to remove',
      () => admin.setLabels('m', { ...none, set: new Map([['a', one(1n)]]), remove: ['a'] }, false),
      StatusCode.INVALID_ARGUMENT,
      'Label a of model m is both to be set and to be removed',
    ],
  ] as const) {
    it(`refuses ${what}, and changes nothing`, async () => {
      const model = labelled(['a', 1n]);
      await start(model);
      await rejects(work(), code, message);
      assert.deepEqual(admin.models(), [model]);
      assert.deepEqual(events, []);
    });
  }

  it('sets, removes and replaces labels', async () => {
    await start(labelled(['a', 1n], ['b', 1n]));
    const labels = (): string =>
      [...(admin.models()[0]?.labels ?? [])]
        .map(([label, target]) => `${label}=${[...target.keys()].join('+')}`)
        .join(' ');
    await admin.setLabels('m', { ...none, set: new Map([['c', one(2n)]]), remove: ['a'] }, false);
    assert.equal(labels(), 'b=1 c=2');
    await admin.setLabels('m', { ...none, set: new Map([['d', one(2n)]]), replace: true }, false);
    assert.equal(labels(), 'd=2');
  });

  it('changes one thing although the label of another stands for a version that is gone', async () => {
    await start(labelled(['a', 2n]));
    available.delete(2n);
    await admin.set(N, false);
    assert.equal(names(), 'm,n');
    await admin.setLabels('m', { ...none, set: new Map([['b', one(1n)]]) }, false);
    await assert.rejects(
      admin.setAll({ kind: 'models', models: [labelled(['a', 9n])] }, false),
      ServingError,
    );
  });

  it('looks again, and waits only for what is loading', async () => {
    await start(M);
    await admin.rescan('m');
    versions = [{ version: 2n, state: ServableState.LOADING, error: null }];
    assert.deepEqual(await admin.rescan('m'), [{ name: 'm', error: null, versions }]);
    assert.deepEqual(events, ['rescan m', 'rescan m', 'wait for m']);
  });
});

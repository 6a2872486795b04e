import assert from 'node:assert/strict';

import { loggingOf } from '../../../src/config/logging-config.js';
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
const labelled1 = { ...none, set: new Map([['one', one(1n)]]) };

describe('ModelAdminService', () => {
  let events: string[];
  let available: Set<bigint>;
  let versions: VersionStatus[];
  let untilServing: (names: readonly string[]) => Promise<void>;
  let writeFile: ((models: readonly ModelConfig[], even: boolean) => Promise<void>) | null;
  let filePollSeconds: number;
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
      troubleOf: () => null,
      isServing: () => versions.some(({ state }) => state === ServableState.AVAILABLE),
      waitMillis: 0,
      canLog: false,
      clock: systemClock,
    });
    await set.start({ kind: 'models', models });
    events = [];
    admin = new ModelAdminService({
      models: set,
      statuses: () => versions,
      troubleOf: () => null,
      found: () => Promise.resolve([1n]),
      plans: () => [],
      batching: () => [],
      file: writeFile === null ? null : { write: writeFile },
      filePollSeconds,
      canLog: false,
      log: { info: () => undefined } as never,
      record: () => Promise.reject(new Error('not here')),
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
    filePollSeconds = 0;
    writeFile = (models, even) => {
      const list = models.map(({ name }) => name).join();
      return Promise.resolve(void events.push(`write ${list}${even ? ' over anything' : ''}`));
    };
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
    assert.deepEqual(await admin.set(N, null, false), [{ name: 'n', error: null, versions }]);
    const moved = singleModel('m', '/elsewhere');
    await admin.set(moved, null, false);
    assert.deepEqual(admin.models(), [moved, N]);
    await admin.remove('m', false);
    assert.deepEqual(admin.models(), [N]);
    assert.deepEqual(events, [...['configure m,n', 'wait for n'], 'configure m,n', 'configure n']);
  });

  it('writes back before the change is in force, a whole list over anything', async () => {
    await start(M);
    await admin.set(N, null, true);
    await admin.setAll({ kind: 'models', models: [N] }, true);
    assert.deepEqual(events, [
      ...['write m,n', 'configure m,n', 'wait for n'],
      ...['write n over anything', 'configure n'],
    ]);
  });

  it('writes nothing when the change is refused', async () => {
    await start(M);
    const relative = singleModel('n', 'relative');
    await rejects(
      admin.set(relative, null, true),
      StatusCode.INVALID_ARGUMENT,
      'Expected model n to have an absolute path or URI; got base_path()=relative',
    );
    assert.deepEqual(events, []);
    assert.deepEqual(admin.models(), [M]);
  });

  it('refuses to write back without a file, and changes nothing when writing fails', async () => {
    writeFile = null;
    await start(M);
    await rejects(
      admin.remove('m', true),
      StatusCode.FAILED_PRECONDITION,
      'There is no file to write back to: the server runs without --model_config_file.',
    );
    const failure = new ServingError(StatusCode.INTERNAL, 'EROFS');
    writeFile = () => Promise.reject(failure);
    await start(M);
    await rejects(admin.remove('m', true), StatusCode.INTERNAL, 'EROFS');
    await rejects(admin.setLabels('m', labelled1, true), StatusCode.INTERNAL, 'EROFS');
    assert.deepEqual(admin.models(), [M]);
    assert.deepEqual(events, []);
  });

  it('refuses a change that a poll of the file would undo, unless it is written back', async () => {
    filePollSeconds = 30;
    await start(M);
    const message =
      'The server puts its --model_config_file in force again every 30 s, which would undo the ' +
      'change: ask for it to be written back (write_back).';
    await rejects(admin.remove('m', false), StatusCode.FAILED_PRECONDITION, message);
    await rejects(admin.setLabels('m', labelled1, false), StatusCode.FAILED_PRECONDITION, message);
    assert.deepEqual(events, []);
    await admin.rescan('m');
    await admin.setLabels('m', labelled1, true);
    assert.deepEqual(events, ['rescan m', 'write m', 'configure m']);
  });

  it('replaces a model only if it is what was expected', async () => {
    const before = labelled(['a', 1n]);
    await start(before);
    for (const expected of [M, labelled(['a', 2n])]) {
      await rejects(
        admin.set(singleModel('m', '/elsewhere'), expected, true),
        StatusCode.ABORTED,
        'The configuration of model m is not the expected one',
      );
    }
    await assert.rejects(admin.set(N, N, true), { code: StatusCode.ABORTED });
    assert.deepEqual(events, []);
    await admin.set(singleModel('m', '/elsewhere'), labelled(['a', 1n]), false);
    assert.equal(admin.models()[0]?.basePath, '/elsewhere');
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
    assert.deepEqual(await admin.set(N, null, false), [{ name: 'n', error: late, versions: [] }]);
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
      () => admin.set(singleModel('', '/m'), null, false),
      StatusCode.INVALID_ARGUMENT,
      'The model has no name.',
    ],
    [
      'a model that is to be logged',
      () => admin.set({ ...N, logging: loggingOf('n', {}) }, null, false),
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
    await admin.set(N, null, false);
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
    const notYet = new ServingError(StatusCode.UNAVAILABLE, 'Model m has no version AVAILABLE');
    assert.deepEqual(await admin.rescan('m'), [{ name: 'm', error: notYet, versions }]);
    assert.deepEqual(events, ['rescan m', 'rescan m', 'wait for m']);
  });

  it('waits for a model that is set anew because it did not serve', async () => {
    await start(M);
    const failure = new ServingError(StatusCode.NOT_FOUND, 'no model');
    versions = [{ version: 1n, state: ServableState.END, error: failure }];
    const [before] = await admin.setLabels('m', none, false);
    assert.equal(before?.error, failure);
    untilServing = (names) => {
      events.push(`wait for ${names.join()}`);
      versions = [{ version: 1n, state: ServableState.AVAILABLE, error: null }];
      return Promise.resolve();
    };
    events = [];
    const [after] = await admin.set(singleModel('m', '/right'), null, false);
    assert.equal(after?.error, null);
    assert.deepEqual(events, ['configure m', 'rescan m', 'wait for m']);
  });

  it('is not held up by a model that takes long, and says if that one was removed', async () => {
    await start(M);
    versions = [];
    let serving: () => void = () => undefined;
    untilServing = (names) =>
      names.length === 0 ? Promise.resolve() : new Promise((resolve) => (serving = resolve));
    const adding = admin.set(N, null, false);
    await admin.setLabels('m', labelled1, false);
    assert.deepEqual(await admin.remove('n', false), [{ name: 'n', error: null, versions }]);
    assert.deepEqual(events, ['configure m,n', 'configure m,n', 'configure m']);
    serving();
    const error = new ServingError(StatusCode.ABORTED, 'Model n was removed by a later change');
    assert.deepEqual(await adding, [{ name: 'n', error, versions }]);
  });

  it('makes changes that come at once one after the other, and loses none', async () => {
    await start(M);
    const added = Array.from({ length: 20 }, (_, i) => singleModel(`n${i}`, '/n'));
    await Promise.all([
      ...added.map((model) => admin.set(model, null, false)),
      admin.setLabels('m', labelled1, false),
    ]);
    assert.equal(names(), ['m', ...added.map(({ name }) => name)].join());
    assert.equal(admin.models()[0]?.labels.size, 1);
  });
});

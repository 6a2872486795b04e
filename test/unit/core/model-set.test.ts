/** Changes of what is configured, as the server makes them: real manager and labels, no file system. */
import assert from 'node:assert/strict';

import { singleModel, type ModelConfig } from '../../../src/config/model-config.js';
import { Manager } from '../../../src/core/manager.js';
import { ModelSet } from '../../../src/core/model-set.js';
import { ServableState } from '../../../src/core/servable.js';
import { VersionLabels } from '../../../src/core/version-labels.js';
import type { ServingError } from '../../../src/status/serving-error.js';
import { FakeClock, PuppetLoader, settled } from './puppet-loader.js';

const model = (name: string, more: Partial<ModelConfig> = {}): ModelConfig => ({
  ...singleModel(name, `/${name}`),
  ...more,
});

/** Every model has version 1, which a source of the test reports as soon as it is configured. */
function setUp({ waitMillis = 0 } = {}) {
  const loaders = new Map<string, PuppetLoader>();
  const manager = new Manager<string>({
    loaderFor: (name) => {
      const loader = new PuppetLoader(name);
      loaders.set(name, loader);
      return loader;
    },
    maxLoadRetries: 0,
    loadRetryIntervalMillis: 0,
  });
  const labels = new VersionLabels((name, version) => manager.isAvailable(name, version), false);
  const clock = new FakeClock();
  clock.holds = true;
  let names = new Set<string>();
  const models = new ModelSet({
    source: {
      start: () => undefined,
      close: () => undefined,
      rescan: () => Promise.resolve(),
      found: () => Promise.resolve([]),
      configure: (configs) => {
        const now = new Set(configs.map(({ name }) => name));
        for (const name of names) if (!now.has(name)) manager.aspire(name, []);
        for (const { name, basePath } of configs) {
          manager.aspire(name, [{ version: 1n, path: `${basePath}/1` }]);
        }
        names = now;
      },
    },
    labels,
    untilServing: (asked, what) => manager.untilServing(asked, what),
    dismiss: (name) => manager.dismiss(name),
    waitMillis,
    clock,
  });
  /** How a change ends: null as long as it has not. */
  const outcomeOf = (change: Promise<void>): (() => string | null) => {
    let outcome: string | null = null;
    change.then(
      () => (outcome = 'OK'),
      (error: unknown) => (outcome = String(error as ServingError)),
    );
    return () => outcome;
  };
  const reload = (...list: ModelConfig[]): (() => string | null) =>
    outcomeOf(models.reload({ kind: 'models', models: list }));
  const load = async (name: string): Promise<void> => {
    await settled();
    await (loaders.get(name) as PuppetLoader).finishLoad();
  };
  const stateOf = (name: string): ServableState | undefined => manager.statuses(name)[0]?.state;
  return { models, labels, clock, loaders, reload, load, stateOf, outcomeOf };
}

describe('ModelSet', () => {
  it('CreateWaitsTillModelsAvailable', async () => {
    const { models, load, outcomeOf } = setUp();
    const outcome = outcomeOf(models.start({ kind: 'models', models: [model('a'), model('b')] }));
    await load('a');
    assert.equal(outcome(), null);
    await load('b');
    assert.equal(outcome(), 'OK');
  });

  it('ReloadConfigWaitsTillModelsAvailable', async () => {
    const { reload, load } = setUp();
    const empty = reload();
    await settled();
    assert.equal(empty(), 'OK');
    const outcome = reload(model('a'));
    await settled();
    assert.equal(outcome(), null);
    await load('a');
    assert.equal(outcome(), 'OK');
  });

  it('ReloadConfigUnloadsModels', async () => {
    const { reload, load, loaders, stateOf } = setUp();
    reload(model('a'));
    await load('a');
    reload();
    await settled();
    await (loaders.get('a') as PuppetLoader).finishUnload();
    assert.equal(stateOf('a'), ServableState.END);
  });

  it('ReloadConfigHandlesLoadingAPreviouslyUnloadedModel', async () => {
    const { reload, load, loaders, stateOf } = setUp();
    reload(model('a'));
    await load('a');
    reload();
    await settled();
    const outcome = reload(model('a'));
    await settled();
    await (loaders.get('a') as PuppetLoader).finishUnload();
    await load('a');
    assert.equal(outcome(), 'OK');
    assert.equal(stateOf('a'), ServableState.AVAILABLE);
  });

  it('ErroringModel', async () => {
    const failure = (name: string): string =>
      `{{name: ${name} version: 1} due to error: DATA_LOSS: injected}, `;
    const first = setUp();
    const start = first.outcomeOf(first.models.start({ kind: 'models', models: [model('a')] }));
    await settled();
    await first.loaders.get('a')?.failLoad('injected');
    assert.equal(start(), `UNKNOWN: 1 servable(s) did not become available: {${failure('a')}}`);
    const { reload, loaders, stateOf } = setUp();
    const outcome = reload(model('a'), model('b'));
    await settled();
    await loaders.get('a')?.failLoad('injected');
    await loaders.get('b')?.failLoad('injected');
    assert.equal(
      outcome(),
      `UNKNOWN: 2 model(s) did not become available: {${failure('a')}${failure('b')}}`,
    );
    assert.equal(stateOf('a'), ServableState.END);
    const again = reload(model('a'), model('b'));
    await settled();
    assert.equal(again(), 'OK', 'the names are no longer new');
  });

  it('IllegalReconfigurationToCustomConfig', async () => {
    const { models, reload, load, outcomeOf, stateOf } = setUp();
    reload(model('a'));
    await load('a');
    const outcome = outcomeOf(models.reload({ kind: 'custom' }));
    await settled();
    assert.equal(
      outcome(),
      'FAILED_PRECONDITION: Cannot transition to requested config. It is only legal to ' +
        'transition from one ModelConfigList to another.',
    );
    assert.equal(stateOf('a'), ServableState.AVAILABLE);
    assert.deepEqual(models.of('a'), model('a'));
  });

  it('refuses request logging after the models are there, and takes the next list', async () => {
    const { reload, load, stateOf } = setUp();
    const outcome = reload(model('a', { wantsLogging: true }));
    await load('a');
    assert.equal(outcome(), 'INVALID_ARGUMENT: No request-logger-creator provided.');
    assert.equal(stateOf('a'), ServableState.AVAILABLE);
    const next = reload(model('a'));
    await settled();
    assert.equal(next(), 'OK');
  });

  it('takes no action for a configuration without a list', async () => {
    const { models, reload, load, outcomeOf, stateOf } = setUp();
    reload(model('a'));
    await load('a');
    const outcome = outcomeOf(models.reload({ kind: 'none' }));
    await settled();
    assert.equal(outcome(), 'OK');
    assert.equal(stateOf('a'), ServableState.AVAILABLE);
  });

  it('changes nothing when a label is refused', async () => {
    const { models, labels, reload, load, stateOf } = setUp();
    const labelled = (version: bigint): ModelConfig =>
      model('a', { labels: new Map([['A', new Map([[version, 1]])]]) });
    reload(model('a'));
    await load('a');
    reload(labelled(1n));
    await settled();
    const outcome = reload(labelled(2n), model('b'));
    await settled();
    assert.match(outcome() ?? '', /^FAILED_PRECONDITION: Request to assign label to version 2 /);
    assert.equal(labels.resolve('a', 'A', null), 1n);
    assert.equal(models.of('b'), null);
    assert.equal(stateOf('b'), undefined);
  });

  it('makes one change after the other', async () => {
    const { models, reload, load } = setUp();
    const first = reload(model('a'));
    const second = reload(model('b'));
    await settled();
    assert.equal(models.of('b'), null, 'the second one waits, even for a model that takes long');
    await load('a');
    assert.equal(first(), 'OK');
    await load('b');
    assert.equal(second(), 'OK');
    assert.equal(models.of('a'), null);
  });

  it('lets an edit pass a reload that waits, and ends the wait for what the edit removes', async () => {
    const { models, reload, load, stateOf } = setUp();
    reload(model('a'));
    await load('a');
    const waiting = reload(model('a'), model('slow'));
    const behind = reload(model('a'), model('b'));
    await settled();
    const added = await models.edit((list) => [...list, model('c')], null);
    assert.deepEqual(added, ['c']);
    assert.equal(stateOf('c'), ServableState.LOADING);
    assert.equal(waiting(), null);
    await models.edit((list) => list.filter(({ name }) => name !== 'slow'), null);
    await settled();
    assert.equal(waiting(), 'OK');
    assert.deepEqual(
      models.models.map(({ name }) => name),
      ['a', 'b'],
    );
    await load('b');
    assert.equal(behind(), 'OK');
  });

  it('waits for the writing of an edit before anything of it is in force, and changes nothing if it fails', async () => {
    const { models, labels, reload, load, outcomeOf } = setUp();
    reload(model('a'));
    await load('a');
    const before = models.models;
    const labelled = model('a', { labels: new Map([['A', new Map([[1n, 1]])]]) });
    let fail: (error: Error) => void = () => undefined;
    const edit = outcomeOf(
      models
        .edit(
          () => [labelled],
          () => new Promise((_, reject) => (fail = reject)),
        )
        .then(() => undefined),
    );
    const next = outcomeOf(models.edit((list) => list, null).then(() => undefined));
    await settled();
    assert.equal(models.models, before);
    assert.equal(next(), null);
    fail(new Error('no space'));
    await settled();
    assert.equal(edit(), 'Error: no space');
    assert.equal(next(), 'OK');
    assert.equal(labels.of('a').size, 0);
  });

  it('reads a file in turn: no edit comes between the reading and the reload', async () => {
    const { models, reload, load } = setUp();
    reload(model('a'));
    await load('a');
    let found: (list: ModelConfig[]) => void = () => undefined;
    const read = new Promise<ModelConfig[]>((resolve) => (found = resolve));
    const events: string[] = [];
    const polled = models.reloadFrom(
      async () => ({ kind: 'models', models: await read }),
      () => events.push('in force'),
    );
    await settled();
    const edited = models.edit((list) => {
      events.push(`edit of ${list[0]?.basePath}`);
      return list;
    }, null);
    await settled();
    assert.deepEqual(events, []);
    found([model('a', { basePath: '/from the file' })]);
    await Promise.all([polled, edited]);
    assert.deepEqual(events, ['in force', 'edit of /from the file']);
  });

  it('waits no longer than told, and keeps what is configured', async () => {
    const { models, reload, load, clock, stateOf } = setUp({ waitMillis: 5000 });
    clock.holds = false; // time passes at once
    const outcome = reload(model('a'));
    await settled();
    assert.match(outcome() ?? '', /^DEADLINE_EXCEEDED: .* after 5000 ms: a; they are configured/);
    assert.deepEqual(clock.slept, [5000]);
    assert.ok(models.of('a') !== null);
    await load('a');
    assert.equal(stateOf('a'), ServableState.AVAILABLE);
  });
});

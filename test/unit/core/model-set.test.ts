/** Changes of what is configured, as the server makes them: real manager and labels, no file system. */
import assert from 'node:assert/strict';

import { loggingOf } from '../../../src/config/logging-config.js';
import { singleModel, type ModelConfig } from '../../../src/config/model-config.js';
import { Manager } from '../../../src/core/manager.js';
import { ModelSet } from '../../../src/core/model-set.js';
import { ServableState } from '../../../src/core/servable.js';
import { VersionLabels } from '../../../src/core/version-labels.js';
import { ServingError, StatusCode } from '../../../src/status/serving-error.js';
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
  const lost = new Map<string, ServingError>();
  /** Nothing is found below that base path. */
  const lose = (basePath: string, options: { isPermanent?: boolean } = {}): void => {
    const text = `${basePath}; No such file or directory`;
    lost.set(basePath, new ServingError(StatusCode.NOT_FOUND, text, [], options));
  };
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
          const trouble = lost.get(basePath) ?? null;
          manager.troubled(name, trouble);
          if (trouble === null) manager.aspire(name, [{ version: 1n, path: `${basePath}/1` }]);
        }
        names = now;
      },
    },
    labels,
    untilServing: (asked, options) => manager.untilServing(asked, options),
    troubleOf: (name) => manager.troubleOf(name),
    isServing: (name) => manager.availableOf(name).latest !== null,
    waitMillis,
    canLog: false,
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
  return { models, labels, clock, loaders, lose, reload, load, stateOf, outcomeOf };
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
    const outcome = reload(model('a', { logging: loggingOf('a', {}) }));
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

  it('puts a change in force while an earlier one waits for its models', async () => {
    const { models, reload, load } = setUp();
    const first = reload(model('a'));
    const second = reload(model('a'), model('b'));
    await settled();
    assert.ok(models.of('b') !== null);
    assert.equal(first(), null);
    await load('b');
    assert.equal(second(), 'OK', 'it waits for what is new to it');
    assert.equal(first(), null, 'the later one left it as it is, and it loads');
    await load('a');
    assert.equal(first(), 'OK');
  });

  const superseded = (reasons: string): string =>
    `ABORTED: Superseded by a later configuration before these models served: ${reasons}`;

  it('ends the wait for a model that a later list leaves out', async () => {
    const { models, reload, load } = setUp();
    const first = reload(model('a'), model('slow'));
    const second = reload(model('a'));
    await settled();
    assert.equal(first(), superseded('slow (removed)'));
    await load('a');
    assert.equal(second(), 'OK');
    assert.equal(models.of('slow'), null);
  });

  it('ends the wait for a model that a later list looks for elsewhere, which then waits itself', async () => {
    const { lose, reload, load } = setUp();
    lose('/typo');
    const first = reload(model('a'), model('b', { basePath: '/typo' }));
    await load('a');
    assert.equal(first(), null);
    const second = reload(model('a'), model('b'));
    await settled();
    assert.equal(first(), superseded('b (configured otherwise)'));
    assert.equal(second(), null);
    await load('b');
    assert.equal(second(), 'OK');
  });

  it('ends the wait for a model in trouble when another list comes, but not for the same list', async () => {
    const { lose, reload, load } = setUp();
    lose('/typo');
    const typo = model('typo', { basePath: '/typo' });
    const first = reload(typo);
    await settled();
    const same = reload(typo);
    await settled();
    assert.equal(same(), 'OK', 'the name is no longer new');
    assert.equal(first(), null);
    const other = reload(typo, model('a'));
    await settled();
    assert.equal(first(), superseded('typo (NOT_FOUND: /typo; No such file or directory)'));
    await load('a');
    assert.equal(other(), 'OK');
  });

  it('lets a later list be refused without harm to those who wait', async () => {
    const { lose, models, reload, outcomeOf } = setUp();
    lose('/typo');
    const first = reload(model('typo', { basePath: '/typo' }));
    const second = reload(model('a'), model('a'));
    const third = outcomeOf(models.reload({ kind: 'custom' }));
    await settled();
    assert.match(second() ?? '', /^INVALID_ARGUMENT: /);
    assert.match(third() ?? '', /^FAILED_PRECONDITION: /);
    assert.equal(first(), null);
  });

  it('lets an edit pass a reload that waits, and ends the wait for what the edit removes', async () => {
    const { models, reload, load, stateOf } = setUp();
    reload(model('a'));
    await load('a');
    const waiting = reload(model('a'), model('slow'));
    await settled();
    const added = await models.edit((list) => [...list, model('c')], null);
    assert.deepEqual(added, ['c']);
    assert.equal(stateOf('c'), ServableState.LOADING);
    assert.equal(waiting(), null);
    await models.edit((list) => list.filter(({ name }) => name !== 'slow'), null);
    await settled();
    assert.equal(waiting(), superseded('slow (removed)'));
  });

  it('waits for one model as long as nobody removes or moves it', async () => {
    const { lose, models, reload, load, outcomeOf } = setUp();
    lose('/typo');
    reload(model('a'));
    await load('a');
    await models.edit((list) => [...list, model('b', { basePath: '/typo' })], null);
    const waiting = outcomeOf(models.untilServing('b'));
    await settled();
    await models.edit((list) => [...list, model('c')], null);
    reload(model('a'), model('b', { basePath: '/typo' }));
    await settled();
    assert.equal(waiting(), null);
    await models.edit((list) => list.map((each) => (each.name === 'b' ? model('b') : each)), null);
    await settled();
    assert.equal(waiting(), superseded('b (configured otherwise)'));
  });

  it('ends the wait of a caller who waits no more, and makes no change for one who has left', async () => {
    const { models, reload, load, outcomeOf } = setUp();
    const caller = new AbortController();
    const gone = new ServingError(StatusCode.CANCELLED, 'gone');
    const list = { kind: 'models', models: [model('a')] } as const;
    const waiting = outcomeOf(models.reload(list, caller.signal));
    await settled();
    caller.abort(gone);
    await settled();
    assert.equal(waiting(), 'CANCELLED: gone');
    assert.ok(models.of('a') !== null, 'it is in force');
    const late = outcomeOf(models.reload({ kind: 'models', models: [] }, caller.signal));
    const edit = models.edit(() => [], null, { signal: caller.signal });
    await assert.rejects(edit, gone);
    assert.equal(late(), 'CANCELLED: gone');
    assert.ok(models.of('a') !== null);
    const other = reload(model('a'), model('b'));
    await load('b');
    assert.equal(other(), 'OK');
  });

  it('lets the start wait for what a later list has instead of a mistake', async () => {
    const { lose, models, reload, load, outcomeOf } = setUp();
    lose('/typo');
    const list = [model('a'), model('typo', { basePath: '/typo' })];
    const events: string[] = [];
    const start = outcomeOf(
      models.start({ kind: 'models', models: list }, () => events.push('in force')),
    );
    await load('a');
    assert.deepEqual(events, ['in force']);
    assert.equal(start(), null);
    reload(model('a'), model('b'));
    await settled();
    assert.equal(start(), null);
    await load('b');
    assert.equal(start(), 'OK');
  });

  it('ends the start at once for what waiting does not mend, a reload too', async () => {
    for (const isStart of [true, false]) {
      const { lose, models, reload, outcomeOf } = setUp();
      lose('/file', { isPermanent: true });
      const list = [model('file', { basePath: '/file' })];
      const outcome = isStart
        ? outcomeOf(models.start({ kind: 'models', models: [...list, model('slow')] }))
        : reload(...list);
      await settled();
      assert.equal(outcome(), 'NOT_FOUND: /file; No such file or directory');
    }
  });

  it('ends all waits when the server stops, and says what they waited for', async () => {
    const { lose, models, reload, outcomeOf } = setUp();
    lose('/typo');
    const list = [model('a'), model('typo', { basePath: '/typo' })];
    const start = outcomeOf(models.start({ kind: 'models', models: list }));
    await settled();
    models.close();
    const late = reload(...list, model('b'));
    await settled();
    const reason = '(NOT_FOUND: /typo; No such file or directory)';
    assert.equal(start(), `UNAVAILABLE: The server stops before these served: a, typo ${reason}`);
    assert.equal(late(), 'UNAVAILABLE: The server stops before these served: b');
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

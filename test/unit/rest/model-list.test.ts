import { ANYBODY } from '../../../src/access/caller.js';
import assert from 'node:assert/strict';

import { ServableState, type VersionStatus } from '../../../src/core/servable.js';
import { ModelList } from '../../../src/rest/model-list.js';
import { ModelStatusService } from '../../../src/service/model-status.js';

interface Listed {
  readonly models: { name: string; model_version_status: { version: string; state: string }[] }[];
}

describe('ModelList', () => {
  const available: VersionStatus = { version: 2n, state: ServableState.AVAILABLE, error: null };
  const models = new Map<string, VersionStatus[]>();
  let revision = 0;
  let asked = 0;
  const list = new ModelList(
    new ModelStatusService({
      acquire: () => assert.fail('the list needs no handle'),
      isAvailable: () => assert.fail('the list needs no availability'),
      isShared: () => assert.fail('the list needs no label'),
      troubleOf: () => null,
      labelled: () => assert.fail('the list needs no label'),
      statuses: (name) => {
        ++asked;
        return models.get(name) ?? [];
      },
      names: () => [...models.keys()],
      get revision() {
        return revision;
      },
    }),
  );
  const listed = (): Listed => JSON.parse(Buffer.from(list.text(ANYBODY)).toString()) as Listed;

  it('sorts by name', () => {
    for (const name of ['b', 'a', 'B', 'a/b', '10', '9']) models.set(name, [available]);
    ++revision;
    assert.deepEqual(
      listed().models.map(({ name }) => name),
      ['10', '9', 'B', 'a', 'a/b', 'b'],
    );
  });

  it('asks for the statuses of 10,000 models once a change, not once a request', () => {
    models.clear();
    for (let i = 0; i < 10_000; ++i) models.set(`model-${i}`, [available]);
    ++revision;
    asked = 0;
    const first = list.text(ANYBODY);
    for (let i = 0; i < 100; ++i) assert.equal(list.text(ANYBODY), first);
    assert.equal(asked, 10_000);
    assert.ok(first.length < 3_000_000, `${first.length} bytes`);
  });

  it('follows a change', () => {
    models.set('model-1', [{ version: 3n, state: ServableState.LOADING, error: null }]);
    ++revision;
    const changed = listed().models.find(({ name }) => name === 'model-1');
    assert.deepEqual(
      changed?.model_version_status.map(({ version, state }) => [version, state]),
      [['3', 'LOADING']],
    );
  });
});

/** tensorgate.AdminService over gRPC. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { StatusCode } from '../../src/status/serving-error.js';
import { ADMIN_SERVICE, resultText, type Json } from './admin-client.js';
import { AdminServer, ALL, model, split, VERSIONS } from './admin-server.js';
import { reflected } from './reflected.js';
import { putVersion } from './version-folder.js';

describe('The admin API over gRPC', function () {
  this.timeout(30_000);
  let on: AdminServer;
  const admin = (method: string, request: object = {}): Promise<Json> => on.admin(method, request);
  const predict = (path: string): Promise<number | string> => on.predict(path);
  const until = (expected: number | string, path: string): Promise<void> =>
    on.until(expected, path);

  describe('with a server for each test', () => {
    beforeEach(async () => {
      on = await AdminServer.start();
    });
    afterEach(() => on.stop());

    it('adds, replaces and removes one model; the others go on', async () => {
      assert.equal(
        resultText(await admin('SetModel', { config: { name: 'n', base_path: VERSIONS } })),
        'n OK: 2 AVAILABLE',
      );
      assert.equal(await predict('n'), 2);
      const pinned = model('n', { model_version_policy: { specific: { versions: [1] } } });
      await admin('SetModel', { config: pinned });
      await until(1, 'n');
      assert.equal(await predict('m'), 2);
      assert.match(resultText(await admin('RemoveModel', { name: 'n' })), /^n OK: 2 /);
      await until('Servable not found for request: Latest(n)', 'n');
      assert.deepEqual(await admin('GetConfig'), {
        config: { model_config_list: { config: [model('m')] } },
      });
    });

    it('sets one label, spreads one by weight, removes and replaces them', async () => {
      await admin('SetModel', { config: model('m', ALL) });
      await until(1, 'm/versions/1');
      const set = { stable: split([2, 1]), canary: split([1, 3], [2, 1]) };
      assert.equal(
        resultText(await admin('SetLabels', { name: 'm', set })),
        'm OK: 2 AVAILABLE, 1 AVAILABLE',
      );
      assert.equal(await predict('m/labels/stable'), 2);
      const drawn = new Set<unknown>();
      while (drawn.size < 2) drawn.add(await predict('m/labels/canary'));
      assert.deepEqual([...drawn].sort(), [1, 2]);
      await admin('SetLabels', { name: 'm', set: { next: split([1, 1]) }, remove: ['canary'] });
      assert.equal(await predict('m/labels/next'), 1);
      assert.equal(await predict('m/labels/stable'), 2);
      assert.equal(await predict('m/labels/canary'), 'Unrecognized servable version label: canary');
      await admin('SetLabels', { name: 'm', set: { only: split([2, 1]) }, replace: true });
      assert.equal(await predict('m/labels/next'), 'Unrecognized servable version label: next');
      assert.equal(await predict('m/labels/only'), 2);
    });

    it('replaces a model only if it is what was expected', async () => {
      const version_label_weights = { canary: split([2, 0.1], [1, 0.7]) };
      await admin('SetModel', { config: model('m', ALL) });
      await until(1, 'm/versions/1');
      await admin('SetModel', { config: model('m', { ...ALL, version_label_weights }) });
      const { config: seen } = await admin('GetModel', { name: 'm' });
      await admin('SetLabels', { name: 'm', set: { stable: split([2, 1]) } });
      const replacement = { config: model('m'), expected: seen };
      await assert.rejects(admin('SetModel', replacement), {
        code: StatusCode.ABORTED,
        details: 'The configuration of model m is not the expected one',
      });
      assert.equal(await predict('m/labels/stable'), 2);
      await admin('SetLabels', { name: 'm', remove: ['stable'] });
      await admin('SetModel', replacement);
      assert.deepEqual(await admin('GetConfig'), {
        config: { model_config_list: { config: [model('m')] } },
      });
    });

    it('writes back over no text that was not in force, but for a whole new list', async () => {
      const byHand = `${readFileSync(on.file, 'utf8')} # and more`;
      writeFileSync(on.file, byHand);
      const before = await on.config();
      const labels = { name: 'm', set: { a: split([2, 1]) } };
      await assert.rejects(admin('SetLabels', { ...labels, write_back: true }), {
        code: StatusCode.FAILED_PRECONDITION,
        details: `${on.file} has changed since it was put in force; writing it back would undo that`,
      });
      assert.equal(await on.config(), before);
      assert.equal(readFileSync(on.file, 'utf8'), byHand);
      const list = { model_config_list: { config: [model('m')] } };
      await admin('SetConfig', { config: list, write_back: true });
      await admin('SetLabels', { ...labels, write_back: true });
      assert.match(readFileSync(on.file, 'utf8'), /key: "a"\s+value: 2/);
    });

    it('serves a model at once whose folder was wrong at first', async () => {
      const base_path = join(on.folder, 'nothing-there');
      mkdirSync(join(base_path, '1'), { recursive: true });
      const wrong = { name: 'n', base_path };
      assert.doesNotMatch(resultText(await admin('SetModel', { config: wrong })), /OK/);
      const right = await admin('SetModel', { config: { name: 'n', base_path: VERSIONS } });
      assert.match(resultText(right), /^n OK: 2 AVAILABLE/);
    });

    it('says why a model that was added does not serve, and tries it again when asked to', async () => {
      const base_path = join(on.folder, 'broken');
      mkdirSync(join(base_path, '1'), { recursive: true });
      writeFileSync(join(base_path, '1', 'saved_model.pb'), 'no model');
      const added = await admin('SetModel', { config: { name: 'broken', base_path } });
      assert.match(resultText(added), /^broken [A-Z_]+: 1 END$/);
      assert.doesNotMatch(resultText(added), /OK/);
      assert.doesNotMatch(resultText(await admin('ReloadModel', { name: 'broken' })), /OK/);
      assert.equal(await predict('m'), 2);
      const { stderr } = await on.server.stop();
      assert.equal(stderr.match(/broken version: 1\}.*load failed/g)?.length, 2);
    });

    it('finds a new version without waiting for the next look', async () => {
      const base_path = join(on.folder, 'n');
      putVersion(join(VERSIONS, '1'), join(base_path, '1'));
      const never = { name: 'n', base_path, file_system_poll_wait_seconds: 0 };
      await admin('SetModel', { config: never });
      putVersion(join(VERSIONS, '2'), join(base_path, '2'));
      await admin('ReloadModel', { name: 'n' });
      await until(2, 'n');
      const { found_versions, config: told } = await admin('GetModel', { name: 'n' });
      assert.deepEqual(found_versions, ['2', '1']);
      assert.deepEqual(told, { ...never, model_platform: 'tensorflow' });
    });

    it('writes back what a fresh server then serves', async () => {
      const version_label_weights = { canary: split([1, 9], [2, 1]) };
      await admin('SetModel', { config: model('n', ALL), write_back: true });
      await until(1, 'n/versions/1');
      await admin('SetLabels', { name: 'n', set: version_label_weights, write_back: true });
      await admin('SetLabels', { name: 'n', set: { stable: split([2, 1]) }, write_back: true });
      await admin('RemoveModel', { name: 'm', write_back: true });
      await admin('SetModel', { config: model('unwritten') });
      const expected = model('n', {
        ...ALL,
        version_labels: { stable: '2' },
        version_label_weights: { canary: split(['1', 9], ['2', 1]) },
      });
      await on.restart('--allow_version_labels_for_unavailable_models');
      assert.deepEqual(await admin('GetConfig'), {
        config: { model_config_list: { config: [expected] } },
      });
      assert.equal(await predict('n/labels/stable'), 2);
      assert.deepEqual(readdirSync(on.folder), ['models.config']);
    });
  });

  describe('with one server, which nothing changes', () => {
    before(async () => {
      on = await AdminServer.start();
    });
    after(() => on.stop());

    for (const [what, method, request, code, details] of [
      [
        'a relative path',
        'SetModel',
        { config: { name: 'n', base_path: 'n' } },
        StatusCode.INVALID_ARGUMENT,
        'Expected model n to have an absolute path or URI; got base_path()=n',
      ],
      [
        'another platform',
        'SetModel',
        { config: model('m', { model_platform: 'x' }) },
        StatusCode.INVALID_ARGUMENT,
        'Model m requests unsupported platform x',
      ],
      [
        'a model without a name',
        'SetModel',
        {},
        StatusCode.INVALID_ARGUMENT,
        'Expected model  to have an absolute path or URI; got base_path()=',
      ],
      [
        'a label for a version that is not available',
        'SetModel',
        { config: model('m', { version_labels: { a: 9 } }) },
        StatusCode.FAILED_PRECONDITION,
        'Request to assign label to version 9 of model m, which is not currently available for inference',
      ],
      [
        'one label of two that cannot be',
        'SetLabels',
        { name: 'm', set: { a: split([2, 1]), b: split([9, 1]) } },
        StatusCode.FAILED_PRECONDITION,
        'Request to assign label to version 9 of model m, which is not currently available for inference',
      ],
      [
        'a weight of 0',
        'SetLabels',
        { name: 'm', set: { a: split([2, 0]) } },
        StatusCode.INVALID_ARGUMENT,
        'The weight of version 2 in label a of model m must be above 0, got 0',
      ],
      [
        'a model twice',
        'SetConfig',
        { config: { model_config_list: { config: [model('n'), model('n')] } } },
        StatusCode.INVALID_ARGUMENT,
        'Illegal to list model n multiple times in config list',
      ],
      [
        'no list',
        'SetConfig',
        {},
        StatusCode.INVALID_ARGUMENT,
        'ServerModelConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList is currently supported',
      ],
      [
        'an unknown model',
        'RemoveModel',
        { name: 'x' },
        StatusCode.NOT_FOUND,
        'Model x is not configured',
      ],
      [
        'an unknown model',
        'GetModel',
        { name: 'x' },
        StatusCode.NOT_FOUND,
        'Model x is not configured',
      ],
      [
        'an unknown model',
        'SetLabels',
        { name: 'x' },
        StatusCode.NOT_FOUND,
        'Model x is not configured',
      ],
      [
        'an unknown model',
        'RecordWarmup',
        { name: 'x' },
        StatusCode.NOT_FOUND,
        'Model x is not configured',
      ],
      [
        'more than a warm-up file may hold',
        'RecordWarmup',
        { name: 'm', count: 1001 },
        StatusCode.INVALID_ARGUMENT,
        'count must be at most 1000, got 1001',
      ],
      [
        'an unknown model',
        'ReloadModel',
        { name: 'x' },
        StatusCode.NOT_FOUND,
        'Model x is not configured',
      ],
    ] as const) {
      it(`refuses ${what} in ${method}, and leaves everything as it was`, async () => {
        const [before, text] = [await on.config(), readFileSync(on.file, 'utf8')];
        await assert.rejects(admin(method, { ...request, write_back: true }), { code, details });
        assert.equal(await on.config(), before);
        assert.equal(readFileSync(on.file, 'utf8'), text);
        assert.deepEqual(readdirSync(on.folder), ['models.config']);
        assert.equal(await predict('m'), 2);
        assert.equal(await predict('m/labels/a'), 'Unrecognized servable version label: a');
      });
    }

    it('refuses bytes that are no message', async () => {
      await assert.rejects(on.client.raw(`/${ADMIN_SERVICE}/SetModel`, Buffer.from([0x0a, 0xff])), {
        code: StatusCode.INVALID_ARGUMENT,
        details: 'The request is not a SetModelRequest',
      });
    });

    it('refuses a request that is too large', async () => {
      const name = 'x'.repeat(1 << 20);
      await assert.rejects(admin('GetModel', { name }), {
        code: StatusCode.RESOURCE_EXHAUSTED,
        details: 'The request is larger than 1048576 bytes',
      });
    });

    it('is listed by reflection', async () => {
      const found = await reflected(on.server.grpcAddress, `${ADMIN_SERVICE}.SetModel`);
      assert.ok(found.services.includes(ADMIN_SERVICE));
      assert.ok(found.declares);
    });
  });
});

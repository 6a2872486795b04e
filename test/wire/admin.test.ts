import assert from 'node:assert/strict';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { StatusCode } from '../../src/status/serving-error.js';
import { ADMIN_SERVICE, ask, call, resultText, type Json, type Reply } from './admin-client.js';
import { GrpcClient } from './grpc-client.js';
import { reflected } from './reflected.js';
import { ServerProcess } from './server-process.js';

/** Version N answers N. */
const VERSIONS = fileURLToPath(new URL('../../../test/models/versions', import.meta.url));

const ALL = { model_version_policy: { all: {} } };
const model = (name: string, more: object = {}): object => ({
  name,
  base_path: VERSIONS,
  model_platform: 'tensorflow',
  ...more,
});
const split = (...parts: [version: number | string, weight: number][]): object => ({
  parts: parts.map(([version, weight]) => ({ version, weight })),
});

describe('The admin API', function () {
  this.timeout(30_000);
  let folder: string;
  let file: string;
  let server: ServerProcess;
  let client: GrpcClient;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-admin-'));
    file = join(folder, 'models.config');
    writeFileSync(
      file,
      `# by hand\nmodel_config_list { config { name: "m" base_path: "${VERSIONS}" model_platform: "tensorflow" } }`,
    );
    await start();
  });
  afterEach(async () => {
    client.close();
    assert.equal((await server.stop()).code, 0);
    rmSync(folder, { recursive: true });
  });

  async function start(...flags: string[]): Promise<void> {
    server = await ServerProcess.startWith(
      `--model_config_file=${file}`,
      '--enable_admin_api',
      '--max_num_load_retries=0',
      '--load_retry_interval_micros=0',
      ...flags,
    );
    client = new GrpcClient(server.grpcAddress);
  }

  const admin = (method: string, request: object = {}): Promise<Json> =>
    call(client, method, request);
  const rest = (
    method: string,
    path: string,
    ...more: [(object | string)?, object?]
  ): Promise<Reply> =>
    ask(`${server.restUrl}/admin/v1`, method, path, more[0], more[1] as Record<string, string>);

  /** The answer of the version that a REST path stands for, or its error. */
  async function predict(path: string): Promise<number | string> {
    const url = `/v1/models/${path}:predict`;
    const { body } = await ask(server.restUrl, 'POST', url, '{"instances": [1.0]}');
    const reply = JSON.parse(body) as { predictions?: number[]; error?: string };
    return reply.predictions?.[0] ?? reply.error ?? '';
  }

  async function until(expected: number | string, path: string): Promise<void> {
    while ((await predict(path)) !== expected) await new Promise(setImmediate);
  }

  const config = async (): Promise<string> => JSON.stringify(await admin('GetConfig'));

  describe('over gRPC', () => {
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
        'ReloadModel',
        { name: 'x' },
        StatusCode.NOT_FOUND,
        'Model x is not configured',
      ],
    ] as const) {
      it(`refuses ${what} in ${method}, and leaves everything as it was`, async () => {
        const [before, text] = [await config(), readFileSync(file, 'utf8')];
        await assert.rejects(admin(method, { ...request, write_back: true }), { code, details });
        assert.equal(await config(), before);
        assert.equal(readFileSync(file, 'utf8'), text);
        assert.deepEqual(readdirSync(folder), ['models.config']);
        assert.equal(await predict('m'), 2);
        assert.equal(await predict('m/labels/a'), 'Unrecognized servable version label: a');
      });
    }

    it('refuses bytes that are no message', async () => {
      await assert.rejects(client.raw(`/${ADMIN_SERVICE}/SetModel`, Buffer.from([0x0a, 0xff])), {
        code: StatusCode.INVALID_ARGUMENT,
        details: 'The request is not a SetModelRequest',
      });
    });

    it('says why a model that was added does not serve, and tries it again when asked to', async () => {
      const base_path = join(folder, 'broken');
      mkdirSync(join(base_path, '1'), { recursive: true });
      writeFileSync(join(base_path, '1', 'saved_model.pb'), 'no model');
      const added = await admin('SetModel', { config: { name: 'broken', base_path } });
      assert.match(resultText(added), /^broken [A-Z_]+: 1 END$/);
      assert.doesNotMatch(resultText(added), /OK/);
      assert.doesNotMatch(resultText(await admin('ReloadModel', { name: 'broken' })), /OK/);
      assert.equal(await predict('m'), 2);
      const { stderr } = await server.stop();
      assert.equal(stderr.match(/broken version: 1\}.*load failed/g)?.length, 2);
    });

    it('finds a new version without waiting for the next look', async () => {
      const base_path = join(folder, 'n');
      cpSync(join(VERSIONS, '1'), join(base_path, '1'), { recursive: true });
      const never = { name: 'n', base_path, file_system_poll_wait_seconds: 0 };
      await admin('SetModel', { config: never });
      cpSync(join(VERSIONS, '2'), join(base_path, '2'), { recursive: true });
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
      client.close();
      assert.equal((await server.stop()).code, 0);
      await start('--allow_version_labels_for_unavailable_models');
      assert.deepEqual(await admin('GetConfig'), {
        config: { model_config_list: { config: [expected] } },
      });
      assert.equal(await predict('n/labels/stable'), 2);
      assert.deepEqual(readdirSync(folder), ['models.config']);
    });

    it('is listed by reflection', async () => {
      const found = await reflected(server.grpcAddress, `${ADMIN_SERVICE}.SetModel`);
      assert.ok(found.services.includes(ADMIN_SERVICE));
      assert.ok(found.declares);
    });
  });

  describe('over REST', () => {
    const labels = '/models/m/labels';

    it('adds, replaces and removes one model', async () => {
      const added = await rest('PUT', '/models/n', { base_path: VERSIONS });
      assert.equal(added.status, 200);
      assert.equal(
        added.body,
        `{
 "result": [
  {
   "name": "n",
   "status": {
    "error_code": "OK",
    "error_message": ""
   },
   "model_version_status": [
    {
     "version": "2",
     "state": "AVAILABLE",
     "status": {
      "error_code": "OK",
      "error_message": ""
     }
    }
   ]
  }
 ]
}
`,
      );
      const policy = { modelVersionPolicy: { specific: { versions: ['1'] } } };
      assert.equal((await rest('PUT', '/models/n', { basePath: VERSIONS, ...policy })).status, 200);
      await until(1, 'n');
      const told = JSON.parse((await rest('GET', '/models/n')).body) as Json;
      assert.deepEqual(told['found_versions'], ['2', '1']);
      assert.equal((await rest('DELETE', '/models/n')).status, 200);
      assert.equal((await rest('DELETE', '/models/n')).status, 404);
      await until('Servable not found for request: Latest(n)', 'n');
    });

    it('sets and removes labels, writes back and tells the configuration', async () => {
      assert.equal((await rest('PUT', '/models/m', model('m', ALL))).status, 200);
      await until(1, 'm/versions/1');
      assert.equal((await rest('PUT', `${labels}/a`, { version: 1 })).status, 200);
      assert.equal(await predict('m/labels/a'), 1);
      const spread = split([1, 1], [2, 3]);
      assert.equal((await rest('PUT', `${labels}/b?write_back=true`, spread)).status, 200);
      const told = JSON.parse((await rest('GET', '/config')).body) as {
        config: { model_config_list: { config: Json[] } };
      };
      const [told_m] = told.config.model_config_list.config;
      assert.deepEqual(told_m?.['version_labels'], { a: '1' });
      assert.deepEqual(told_m?.['version_label_weights'], {
        b: {
          parts: [
            { version: '1', weight: 1 },
            { version: '2', weight: 3 },
          ],
        },
      });
      assert.match(readFileSync(file, 'utf8'), /key: "a"\s+value: 1/);
      assert.equal((await rest('DELETE', `${labels}/a`)).status, 200);
      assert.equal(await predict('m/labels/a'), 'Unrecognized servable version label: a');
    });

    it('replaces all models', async () => {
      const body = { model_config_list: { config: [model('x'), model('y')] } };
      const { status, body: text } = await rest('POST', '/config:reload', body);
      assert.equal(status, 200);
      assert.equal(resultText(JSON.parse(text) as Json), 'x OK: 2 AVAILABLE; y OK: 2 AVAILABLE');
      await until('Servable not found for request: Latest(m)', 'm');
      assert.equal((await rest('POST', '/models/x:reload')).status, 200);
    });

    for (const [what, method, path, body, status, error] of [
      ['no JSON', 'PUT', '/models/m', '{', 400, /JSON/],
      ['no body', 'PUT', '/models/m', '', 400, /JSON/],
      ['no object', 'PUT', '/models/m', '7', 400, /ModelConfig/],
      ['an unknown field', 'PUT', '/models/m', '{"base": "/m"}', 400, /unknown field: \\"base\\"/],
      ['a wrong type', 'PUT', '/models/m', '{"base_path": 7}', 400, /base_path/],
      ['another name', 'PUT', '/models/m', '{"name": "n"}', 400, /names the model m, the body/],
      ['no version', 'PUT', `${labels}/a`, '{}', 400, /The label a of model m has no versions/],
      ['a version that is gone', 'PUT', `${labels}/a`, '{"version": 9}', 400, /label to version 9/],
      ['a version too large', 'PUT', `${labels}/a`, '{"version": "1e30"}', 400, /no SetLabelsReq/],
      ['an unknown label', 'DELETE', `${labels}/a`, undefined, 404, /has no label a/],
      ['deep nesting', 'PUT', '/models/m', '{"a":'.repeat(5000), 400, /JSON/],
      ['a body too large', 'PUT', '/models/m', ' '.repeat((1 << 20) + 1), 413, /1048576 bytes/],
    ] as const) {
      it(`refuses ${what}, and leaves everything as it was`, async () => {
        const before = await config();
        const reply = await rest(method, path, body);
        assert.equal(reply.status, status);
        assert.match(reply.body, error);
        assert.equal(await config(), before);
        assert.equal(await predict('m'), 2);
      });
    }

    it('answers no web page', async () => {
      const origin = { Origin: 'http://localhost' };
      const reply = await rest('DELETE', '/models/m', undefined, origin);
      assert.equal(reply.status, 403);
      assert.equal(await predict('m'), 2);
    });

    it("answers what is not there with upstream's page", async () => {
      for (const [method, path] of [
        ['GET', '/nope'],
        ['POST', '/models/m'],
        ['GET', '/config?x'],
      ] as const) {
        const reply = await rest(method, path, method === 'POST' ? '{}' : undefined);
        assert.equal(reply.status, 404);
        assert.match(reply.body, /^<HTML><HEAD>\n<TITLE>404 Not Found/);
      }
    });
  });
});

describe('The admin API of a server', function () {
  this.timeout(30_000);

  it('is not there without its flag', async () => {
    const server = await ServerProcess.start('m', VERSIONS);
    const client = new GrpcClient(server.grpcAddress);
    await assert.rejects(call(client, 'GetConfig', {}), { code: StatusCode.UNIMPLEMENTED });
    const { services, declares } = await reflected(
      server.grpcAddress,
      `${ADMIN_SERVICE}.GetConfig`,
    );
    assert.ok(!services.includes(ADMIN_SERVICE));
    assert.ok(!declares);
    const reply = await ask(server.restUrl, 'GET', '/admin/v1/config');
    assert.equal(reply.status, 404);
    assert.match(reply.body, /^<HTML><HEAD>\n<TITLE>404 Not Found/);
    client.close();
    assert.equal((await server.stop()).code, 0);
  });

  it('refuses to write back without a config file', async () => {
    const server = await ServerProcess.start('m', VERSIONS, '--enable_admin_api');
    const client = new GrpcClient(server.grpcAddress);
    await assert.rejects(call(client, 'RemoveModel', { name: 'm', write_back: true }), {
      code: StatusCode.FAILED_PRECONDITION,
      details: 'There is no file to write back to: the server runs without --model_config_file.',
    });
    assert.deepEqual(await call(client, 'GetConfig', {}), {
      config: { model_config_list: { config: [model('m')] } },
    });
    client.close();
    assert.equal((await server.stop()).code, 0);
  });
});

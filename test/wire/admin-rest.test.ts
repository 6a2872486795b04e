/** tensorgate.AdminService over REST. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { resultText, type Json, type Reply } from './admin-client.js';
import { AdminServer, ALL, model, split, VERSIONS } from './admin-server.js';

describe('The admin API over REST', function () {
  this.timeout(30_000);
  let on: AdminServer;
  const rest = (
    method: string,
    path: string,
    body?: object | string,
    headers?: Record<string, string>,
  ): Promise<Reply> => on.rest(method, path, body, headers);
  const predict = (path: string): Promise<number | string> => on.predict(path);
  const until = (expected: number | string, path: string): Promise<void> =>
    on.until(expected, path);

  const labels = '/models/m/labels';

  describe('with a server for each test', () => {
    beforeEach(async () => {
      on = await AdminServer.start();
    });
    afterEach(() => on.stop());

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
      assert.match(readFileSync(on.file, 'utf8'), /key: "a"\s+value: 1/);
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
  });

  describe('with one server, which nothing changes', () => {
    before(async () => {
      on = await AdminServer.start();
    });
    after(() => on.stop());

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
        const before = await on.config();
        const reply = await rest(method, path, body);
        assert.equal(reply.status, status);
        assert.match(reply.body, error);
        assert.equal(await on.config(), before);
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

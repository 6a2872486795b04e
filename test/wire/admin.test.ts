/** What the admin API is to the rest of a server: its flag, its config file, models that take long. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { StatusCode } from '../../src/status/serving-error.js';
import { ADMIN_SERVICE, ask, call, resultText } from './admin-client.js';
import { model, split, VERSIONS } from './admin-server.js';
import { GrpcClient } from './grpc-client.js';
import { reflected } from './reflected.js';
import { ServerProcess } from './server-process.js';

describe('The admin API of a server', function () {
  this.timeout(30_000);

  it('makes changes while the file is polled, and the polls undo none', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tensorgate-admin-'));
    const file = join(folder, 'models.config');
    const text = (name: string): string =>
      `config { name: "${name}" base_path: "${VERSIONS}" model_platform: "tensorflow" }`;
    writeFileSync(file, `model_config_list { ${text('m')} }`);
    const server = await ServerProcess.startWith(
      `--model_config_file=${file}`,
      '--model_config_file_poll_wait_seconds=1',
      '--enable_admin_api',
    );
    const client = new GrpcClient(server.grpcAddress);
    const configured = async (): Promise<string[]> => {
      const { config } = (await call(client, 'GetConfig', {})) as {
        config: { model_config_list: { config: { name: string }[] } };
      };
      return config.model_config_list.config.map(({ name }) => name);
    };
    await assert.rejects(call(client, 'RemoveModel', { name: 'm' }), {
      code: StatusCode.FAILED_PRECONDITION,
      details:
        'The server puts its --model_config_file in force again every 1 s, which would undo the ' +
        'change: ask for it to be written back (write_back).',
    });
    const names = Array.from({ length: 10 }, (_, i) => `n${i}`);
    const write_back = true;
    await Promise.all(
      names.map((name) => call(client, 'SetModel', { config: model(name), write_back })),
    );
    await Promise.all([
      ...names
        .slice(0, 5)
        .map((name) => call(client, 'SetLabels', { name, set: { a: split([2, 1]) }, write_back })),
      ...names.slice(5).map((name) => call(client, 'RemoveModel', { name, write_back })),
    ]);
    const expected = ['m', ...names.slice(0, 5)];
    assert.deepEqual(await configured(), expected);
    // A model that only a poll of what was written can bring: then the next poll has come.
    writeFileSync(file, readFileSync(file, 'utf8').replace(/\}\s*$/, `${text('z')} }`));
    while (!(await configured()).includes('z')) await new Promise(setImmediate);
    assert.deepEqual(await configured(), [...expected, 'z']);
    const { config } = await call(client, 'GetModel', { name: 'n4' });
    assert.deepEqual(config, { ...model('n4'), version_labels: { a: '2' } });
    assert.deepEqual(readdirSync(folder), ['models.config']);
    client.close();
    assert.equal((await server.stop()).code, 0);
    rmSync(folder, { recursive: true });
  });

  it('is not held up by a model that is tried again and again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tensorgate-admin-'));
    mkdirSync(join(folder, '1'));
    writeFileSync(join(folder, '1', 'saved_model.pb'), 'no model');
    const server = await ServerProcess.start('m', VERSIONS, '--enable_admin_api'); // 60 s between two tries
    const client = new GrpcClient(server.grpcAddress);
    const adding = call(client, 'SetModel', { config: { name: 'slow', base_path: folder } });
    await server.untilLogged('model set by request');
    await call(client, 'SetLabels', { name: 'm', set: { a: split([2, 1]) } });
    assert.equal(
      resultText(await call(client, 'RemoveModel', { name: 'slow' })).split(':')[0],
      'slow OK',
    );
    const { result } = (await adding) as { result: { status: object }[] };
    assert.deepEqual(result[0]?.status, {
      error_code: 'ABORTED',
      error_message: 'Model slow was removed by a later change',
    });
    client.close();
    assert.equal((await server.stop()).code, 0);
    rmSync(folder, { recursive: true });
  });

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

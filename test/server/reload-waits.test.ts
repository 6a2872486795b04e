/** Changes of the configuration while an earlier one still waits for its models. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { StatusCode } from '../../src/status/serving-error.js';
import { call, resultText } from '../wire/admin-client.js';
import { encode, GrpcClient, RELOAD } from '../wire/grpc-client.js';
import { freePort, ServerProcess } from '../wire/server-process.js';

const VERSIONS = fileURLToPath(new URL('../../../test/models/versions', import.meta.url));

describe('A reload that waits for a model', function () {
  this.timeout(60_000);
  let folder: string;
  let missing: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-waits-'));
    missing = join(folder, 'missing');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const m = { name: 'm', base_path: VERSIONS };
  const n = { name: 'n', base_path: VERSIONS };
  const config = (...models: { name: string; base_path: string }[]): string =>
    `model_config_list {${models
      .map(
        ({ name, base_path }) =>
          `config { name: "${name}" base_path: "${base_path}" model_platform: "tensorflow" }`,
      )
      .join(' ')}}`;
  const write = (file: string, text: string): void => {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };
  const isServing = async ({ restUrl }: ServerProcess, name: string): Promise<boolean> =>
    (await (await fetch(`${restUrl}/v1/models/${name}`)).text()).includes('AVAILABLE');

  for (const flags of [[], ['--io_threads=2']]) {
    const where = flags.length === 0 ? '' : `, asked by ${flags[0]}`;

    it(`gives way to a later one, which is answered when its own models serve${where}`, async () => {
      const server = await ServerProcess.start('m', VERSIONS, ...flags);
      const client = new GrpcClient(server.grpcAddress);
      const first = assert.rejects(client.reload([m, { name: 'typo', base_path: missing }]), {
        code: StatusCode.ABORTED,
        details: 'Superseded by a later configuration before these models served: typo (removed)',
      });
      await server.untilLogged('Could not find base path');
      const status = await fetch(`${server.restUrl}/v1/models/typo`);
      assert.equal(status.status, 404);
      assert.ok((await status.text()).includes(`${missing}; No such file or directory`));
      assert.deepEqual(await client.reload([m, n]), { status: {} });
      assert.ok(await isServing(server, 'n'));
      await first;
      client.close();
      assert.equal((await server.stop()).code, 0);
    });

    it(`ends with its caller's deadline, and holds up no stop${where}`, async () => {
      const patience = ['--enable_admin_api', '--shutdown_grace_seconds=3600'];
      const server = await ServerProcess.start('m', VERSIONS, ...patience, ...flags);
      const client = new GrpcClient(server.grpcAddress);
      const typo = { name: 'typo', base_path: missing, model_platform: 'tensorflow' };
      const models = { config: [{ ...m, model_platform: 'tensorflow' }, typo] };
      const request = encode('ReloadConfigRequest', { config: { model_config_list: models } });
      await assert.rejects(client.raw(RELOAD, request, 1000), {
        code: StatusCode.DEADLINE_EXCEEDED,
      });
      const path = { name: 'late', base_path: missing };
      const waiting = call(client, 'SetModel', { config: path }).catch(() => null);
      await server.untilLogged('model set by request');
      server.signal('SIGTERM');
      await waiting;
      assert.equal((await server.exit).code, 0);
      client.close();
    });
  }

  it('is corrected by the next poll of the file', async () => {
    const file = join(folder, 'models.config');
    write(file, config(m));
    const flags = [`--model_config_file=${file}`, '--model_config_file_poll_wait_seconds=1'];
    const server = await ServerProcess.startWith(...flags);
    write(file, config(m, { name: 'typo', base_path: missing }));
    await server.untilLogged('Could not find base path');
    write(file, config(m, n));
    while (!(await isServing(server, 'n'))) await new Promise(setImmediate);
    await server.untilLogged('Superseded by a later configuration');
    assert.equal((await server.stop()).code, 0);
  });

  it('is corrected while the server has not started yet', async () => {
    const file = join(folder, 'models.config');
    write(file, config(m, { name: 'typo', base_path: missing }));
    const port = await freePort();
    const server = new ServerProcess(
      [`--port=${port}`, `--model_config_file=${file}`, '--model_config_file_poll_wait_seconds=1'],
      port,
      0,
    );
    await server.untilLogged('Could not find base path');
    write(file, config(m, n));
    await server.untilLogged('"msg":"serving"');
    assert.equal((await server.stop()).code, 0);
  });

  it('ends when the admin API is told the right base path of the model', async () => {
    const server = await ServerProcess.start('m', VERSIONS, '--enable_admin_api');
    const client = new GrpcClient(server.grpcAddress);
    const first = call(client, 'SetModel', { config: { name: 'n', base_path: missing } });
    await server.untilLogged('Could not find base path');
    const other = call(client, 'SetModel', { config: { ...n, name: 'other' } });
    assert.equal(resultText(await other), 'other OK: 2 AVAILABLE');
    assert.equal(resultText(await call(client, 'SetModel', { config: n })), 'n OK: 2 AVAILABLE');
    assert.match(resultText(await first), /^n ABORTED: /);
    assert.ok(await isServing(server, 'n'));
    client.close();
    assert.equal((await server.stop()).code, 0);
  });

  it('comes to its end when the base path appears', async () => {
    const server = await ServerProcess.start('m', VERSIONS);
    const client = new GrpcClient(server.grpcAddress);
    const reloaded = client.reload([m, { name: 'late', base_path: missing }]);
    await server.untilLogged('Could not find base path');
    mkdirSync(missing);
    cpSync(join(VERSIONS, '1'), join(missing, '1'), { recursive: true });
    assert.deepEqual(await reloaded, { status: {} });
    client.close();
    assert.equal((await server.stop()).code, 0);
  });
});

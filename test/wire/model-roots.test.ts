/** --model_roots: what flags, a file, a reload and the admin API may name as a base path. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { StatusCode } from '../../src/status/serving-error.js';
import { ask } from './admin-client.js';
import { VERSIONS } from './admin-server.js';
import { GrpcClient } from './grpc-client.js';
import { freePort, runToEnd, ServerProcess } from './server-process.js';

describe('--model_roots', function () {
  this.timeout(30_000);
  let top: string;
  let roots: string;
  let server: ServerProcess;
  let client: GrpcClient;
  before(async () => {
    top = realpathSync(mkdtempSync(join(tmpdir(), 'tensorgate-roots-')));
    roots = join(top, 'models');
    mkdirSync(roots);
    cpSync(join(VERSIONS, '1'), join(roots, 'm', '1'), { recursive: true });
    symlinkSync(join(VERSIONS, '2'), join(roots, 'm', '2'));
    symlinkSync(VERSIONS, join(roots, 'out'));
    server = await ServerProcess.start(
      'm',
      join(roots, 'm'),
      `--model_roots=${roots}`,
      '--enable_admin_api',
      '--version_settle_millis=0',
    );
    client = new GrpcClient(server.grpcAddress);
  });
  after(async () => {
    client.close();
    assert.equal((await server.stop()).code, 0);
    rmSync(top, { recursive: true });
  });

  const servedVersions = async (): Promise<string[]> => {
    const { body } = await ask(server.restUrl, 'GET', '/v1/models/m');
    return [...body.matchAll(/"version": "(\d+)"/g)].map(([, version = '']) => version);
  };

  it('leaves out a version that is a link to elsewhere', async () => {
    assert.deepEqual(await servedVersions(), ['1']);
    assert.match(server.log, /Skipped a version of servable m: .*\/m\/2 leads outside/);
  });

  it('refuses a reload as a whole, over gRPC', async () => {
    for (const basePath of [VERSIONS, join(roots, 'out'), `${roots}/../${VERSIONS}`]) {
      const models = [
        { name: 'm', base_path: join(roots, 'm') },
        { name: 'n', base_path: basePath },
      ];
      await assert.rejects(client.reload(models), {
        code: StatusCode.PERMISSION_DENIED,
        details: /^Base path of model n: .* leads outside of --model_roots/,
      });
    }
    assert.deepEqual(await servedVersions(), ['1']);
    assert.equal((await ask(server.restUrl, 'GET', '/v1/models/n')).status, 404);
  });

  it('refuses a model over the admin API, and takes one that lies within', async () => {
    const put = (name: string, basePath: string): ReturnType<typeof ask> =>
      ask(
        server.restUrl,
        'PUT',
        `/admin/v1/models/${name}`,
        JSON.stringify({ base_path: basePath }),
      );
    const refused = await put('n', join(roots, 'out'));
    assert.equal(refused.status, 403);
    assert.match(refused.body, /Base path of model n: .*\/out leads outside of --model_roots/);
    assert.equal((await put('n', join(roots, 'm'))).status, 200);
    assert.equal((await ask(server.restUrl, 'DELETE', '/admin/v1/models/n')).status, 200);
  });

  it('ends a start whose flags name another folder', async () => {
    const port = await freePort();
    const { code, stdout } = await runToEnd([
      `--port=${port}`,
      '--model_name=m',
      `--model_base_path=${VERSIONS}`,
      `--model_roots=${roots}`,
    ]);
    assert.notEqual(code, 0);
    assert.match(stdout, /leads outside of --model_roots/);
  });
});

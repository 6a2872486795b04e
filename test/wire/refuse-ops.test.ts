/** --refuse_ops: which models are not loaded, and which still are; what SessionRun may not run. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';

import { StatusCode } from '../../src/status/serving-error.js';
import { ask } from './admin-client.js';
import { GrpcClient } from './grpc-client.js';
import { freePort, runToEnd, ServerProcess } from './server-process.js';

const model = (name: string): string =>
  fileURLToPath(new URL(`../../../test/models/${name}`, import.meta.url));

const CULPRIT = /op \\?"ReadFile\\?" of node \\?"\w+\\?" in function \\?"\w+\\?"/;

describe('--refuse_ops', function () {
  this.timeout(30_000);

  describe('of file and network', () => {
    let server: ServerProcess;
    let client: GrpcClient;
    before(async () => {
      server = await ServerProcess.start(
        'words',
        model('file_table'),
        '--refuse_ops=file,network',
        '--enable_session_run',
        '--enable_admin_api',
      );
      client = new GrpcClient(server.grpcAddress);
    });
    after(async () => {
      client.close();
      assert.equal((await server.stop()).code, 0);
    });

    it('loads a model with variables and a table that is read from an asset', async () => {
      const body = { instances: ['two', 'none'] };
      const reply = await ask(server.restUrl, 'POST', '/v1/models/words:predict', body);
      assert.deepEqual(JSON.parse(reply.body), { predictions: [20, -10] });
    });

    it('does not load one whose request would read a file, and names op and node', async () => {
      const body = { base_path: model('reads_file') };
      const added = await ask(server.restUrl, 'PUT', '/admin/v1/models/reader', body);
      assert.match(added.body, /FAILED_PRECONDITION/);
      assert.match(added.body, CULPRIT);
      assert.match(added.body, /--refuse_ops: signature \\"serving_default\\" runs op/);
      const { status } = await ask(server.restUrl, 'POST', '/v1/models/reader:predict', {});
      assert.equal(status, 404);
      await ask(server.restUrl, 'DELETE', '/admin/v1/models/reader');
    });

    it('lets SessionRun fetch what is harmless, and neither fetch nor target what is not', async () => {
      const run = (request: object): Promise<Record<string, unknown>> =>
        client.sessionRun({ model_spec: { name: 'words' }, ...request });
      assert.ok((await run({ fetch: ['scale/Read/ReadVariableOp:0'] }))['tensor']);
      for (const request of [
        { fetch: ['save/RestoreV2:0'] },
        { target: ['save/SaveV2'] },
        { target: ['save/restore_all'] },
        { fetch: ['save/control_dependency:0'] },
      ]) {
        await assert.rejects(run(request), {
          code: StatusCode.PERMISSION_DENIED,
          details: /^--refuse_ops: node ".*" may not be run: it gets to op "/,
        });
      }
    });
  });

  it('does not load one whose loading runs an op that no load needs', async () => {
    const { code, stdout, stderr } = await runToEnd([
      `--port=${await freePort()}`,
      '--model_name=words',
      `--model_base_path=${model('file_table')}`,
      '--refuse_ops=AssignVariableOp',
    ]);
    assert.notEqual(code, 0);
    assert.match(stdout + stderr, /--refuse_ops: loading runs op \\?"AssignVariableOp\\?" of node/);
  });

  it('ends a start with such a model, and does not try again', async () => {
    const { code, stdout, stderr } = await runToEnd([
      `--port=${await freePort()}`,
      '--model_name=reader',
      `--model_base_path=${model('reads_file')}`,
      '--refuse_ops=ReadFile',
    ]);
    assert.notEqual(code, 0);
    assert.match(stdout + stderr, CULPRIT);
  });

  it('loads it where other ops are refused', async () => {
    const server = await ServerProcess.start(
      'reader',
      model('reads_file'),
      '--refuse_ops=network,WriteFile',
    );
    const body = { instances: ['/proc/self/comm'] };
    const reply = await ask(server.restUrl, 'POST', '/v1/models/reader:predict', body);
    assert.equal(reply.status, 200);
    assert.equal((await server.stop()).code, 0);
  });
});

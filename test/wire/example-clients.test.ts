/** The programs of examples/clients, run as the README says, against a real server. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { ServerProcess } from './server-process.js';

const root = new URL('../../../', import.meta.url);
const client = (name: string): string => fileURLToPath(new URL(`examples/clients/${name}`, root));
const run = promisify(execFile);
// The server is on this machine, whatever proxy the environment names.
const env = { ...process.env, NO_PROXY: '*', no_proxy: '*' };

describe('The example clients', () => {
  let server: ServerProcess;
  before(async () => {
    const model = fileURLToPath(new URL('examples/models/half_plus_two', root));
    server = await ServerProcess.start('half_plus_two', model);
  });
  after(async () => {
    assert.equal((await server.stop()).code, 0);
  });

  it('predict.mjs: @grpc/grpc-js with @grpc/proto-loader', async () => {
    const { stdout, stderr } = await run(
      process.execPath,
      [client('predict.mjs'), server.grpcAddress],
      { env },
    );
    assert.equal(stdout, '[ 2.5, 3, 4.5 ]\n');
    assert.equal(stderr, '');
  });

  it('predict.mjs says what went wrong, and fails', async () => {
    const other = await ServerProcess.start(
      'other',
      fileURLToPath(new URL('test/models/versions', root)),
    );
    const failed = run(process.execPath, [client('predict.mjs'), other.grpcAddress], { env });
    await assert.rejects(failed, {
      code: 1,
      stdout: '',
      stderr: '5: Servable not found for request: Latest(half_plus_two)\n',
    });
    assert.equal((await other.stop()).code, 0);
  });

  it('predict.sh: curl', async function () {
    if (spawnSync('curl', ['--version']).error !== undefined) {
      Object.assign(this.test ?? {}, { skipReason: 'there is no curl' });
      this.skip();
    }
    const address = `127.0.0.1:${server.restPort}`;
    const { stdout } = await run('sh', [client('predict.sh'), address], { env });
    assert.equal(stdout, '{\n    "predictions": [2.5, 3.0, 4.5\n    ]\n}\n');
  });
});

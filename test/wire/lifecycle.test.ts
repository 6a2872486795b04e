import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { slowBody } from '../integration/models.js';
import { floats, GrpcClient } from './grpc-client.js';
import { ServerProcess } from './server-process.js';
import { putVersion, TAKEN_AT_ONCE } from './version-folder.js';

const model = (name: string): string =>
  fileURLToPath(new URL(`../../../test/models/${name}`, import.meta.url));

function post(server: ServerProcess, body: string): Promise<Response> {
  return fetch(`${server.restUrl}/v1/models/m:predict`, { method: 'POST', body });
}

/** Of the model `slow`, a run of a second or so. */
const LONG = 30_000;

describe('The server process', function () {
  this.timeout(30_000);
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-wire-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`finishes what is in flight on ${signal}, then exits with 0`, async () => {
      const server = await ServerProcess.start('m', model('slow'));
      const client = new GrpcClient(server.grpcAddress);
      const overRest = post(server, slowBody(LONG));
      const overGrpc = client.predict({
        model_spec: { name: 'm' },
        inputs: {
          x: floats(1),
          iterations: {
            dtype: 'DT_INT32',
            tensor_shape: { dim: [{ size: 1 }] },
            int_val: [LONG],
          },
        },
      });
      await new Promise((resolve) => {
        setTimeout(resolve, 200);
      });
      server.signal(signal);
      await server.untilLogged('draining');
      await assert.rejects(post(server, slowBody(1)), 'a new connection is refused');
      assert.equal((await overRest).status, 200);
      assert.deepEqual(Object.keys((await overGrpc)['outputs'] as object), ['y']);
      client.close();
      const exit = await server.exit;
      assert.equal(exit.code, 0);
      assert.match(exit.stderr, /"msg":"stopped"/);
    });
  }

  it('ends requests that outlast the grace period', async () => {
    const server = await ServerProcess.start('m', model('slow'), '--shutdown_grace_seconds=0');
    const request = post(server, slowBody(LONG));
    await new Promise((resolve) => {
      setTimeout(resolve, 200);
    });
    server.signal('SIGTERM');
    await assert.rejects(request);
    assert.equal((await server.exit).code, 0);
  });

  it('answers 504 when the REST timeout passes during a run', async () => {
    const server = await ServerProcess.start('m', model('slow'), '--rest_api_timeout_in_ms=50');
    const response = await post(server, slowBody(LONG));
    assert.equal(response.status, 504);
    assert.match(await response.text(), /"error": "Timed out waiting for notification"/);
    assert.equal((await server.stop()).code, 0);
  });

  it('moves to a new version without failing a request, and back when it is removed', async () => {
    const base = join(folder, 'm');
    const add = (version: number): void =>
      putVersion(join(model('versions'), String(version)), join(base, String(version)));
    add(1);
    const server = await ServerProcess.start('m', base, TAKEN_AT_ONCE);
    const answer = async (): Promise<number> => {
      const response = await post(server, '{"instances": [1.0]}');
      const reply = (await response.json()) as { predictions: number[]; error?: string };
      assert.equal(response.status, 200, reply.error);
      return reply.predictions[0] as number;
    };
    const untilAnswer = async (version: number): Promise<void> => {
      while ((await answer()) !== version) await new Promise(setImmediate);
    };
    assert.equal(await answer(), 1);
    add(2);
    await untilAnswer(2);
    rmSync(join(base, '2'), { recursive: true });
    await untilAnswer(1);
    assert.equal((await server.stop()).code, 0);
  });
});

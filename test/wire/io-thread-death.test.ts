/** The ends of a server with I/O threads that are no drain: a bug in one of them, a second signal. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { slowBody } from '../integration/models.js';
import type { GrpcClient } from './grpc-client.js';
import { ServerProcess } from './server-process.js';
import {
  ask,
  manyClients,
  metricsOf,
  predictedByAll,
  predictedByClients,
  requestsByThread,
  sum,
  testModel,
} from './threaded-server.js';

const SLOW_REQUESTS = 12;

describe('A server with I/O threads that does not drain', function () {
  this.timeout(60_000);
  let folder: string;
  let bug: string;
  let isStriking: string;
  let clients: GrpcClient[];
  let server: ServerProcess;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-bug-'));
    bug = join(folder, 'bug.cjs');
    isStriking = join(folder, 'strikes');
    writeFileSync(
      bug,
      `const { isMainThread } = require('node:worker_threads');
      const { existsSync } = require('node:fs');
      const strike = () => { if (existsSync(${JSON.stringify(isStriking)})) throw new Error('a bug'); };
      if (!isMainThread) setInterval(strike, 10).unref();`,
    );
    writeFileSync(join(folder, 'monitoring.config'), 'prometheus_config { enable: true }\n');
  });
  beforeEach(() => {
    clients = [];
    rmSync(isStriking, { force: true });
  });
  afterEach(() => {
    for (const client of clients) client.close();
    server.signal('SIGKILL'); // where a test failed before its end
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  async function start(model: string): Promise<void> {
    server = await ServerProcess.startIn(
      { ...process.env, NODE_OPTIONS: `--require=${bug}` },
      '--io_threads=3',
      '--grpc_transport=native',
      '--model_name=m',
      `--model_base_path=${testModel(model)}`,
      `--monitoring_config_file=${join(folder, 'monitoring.config')}`,
    );
  }

  /** Resolves when they run. */
  async function askSlowly(): Promise<{ settled: Promise<unknown> }> {
    const answers = Array.from({ length: SLOW_REQUESTS }, () =>
      ask(server, '/v1/models/m:predict', slowBody(8000)),
    );
    const settled = Promise.allSettled(answers);
    while (sum(requestsByThread(await metricsOf(server), 'REST')) < SLOW_REQUESTS);
    return { settled };
  }

  it('ends by a bug in one of them, says so and exits with 1', async () => {
    await start('versions');
    clients = manyClients(server);
    assert.equal(new Set(await predictedByAll(server, 'm')).size, 1);
    assert.equal(new Set(await predictedByClients(clients, 'm')).size, 1);
    writeFileSync(isStriking, '');
    const { code, stderr } = await server.exit;
    assert.equal(code, 1, stderr);
    assert.match(stderr, /I\/O thread \d has ended: a bug/);
    await assert.rejects(predictedByAll(server, 'm'), /ECONNREFUSED/);
  });

  it('ends by a bug while requests run', async () => {
    await start('slow');
    const { settled } = await askSlowly();
    writeFileSync(isStriking, '');
    const { code, stderr } = await server.exit;
    assert.equal(code, 1, stderr);
    await settled;
  });

  it('ends at once on a second signal, with 1', async () => {
    await start('slow');
    const { settled } = await askSlowly();
    server.signal('SIGTERM');
    await server.untilLogged('draining');
    server.signal('SIGINT');
    const { code, stderr } = await server.exit;
    assert.equal(code, 1, stderr);
    await settled;
  });
});

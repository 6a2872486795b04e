/** TLS in several I/O threads: each has listeners of its own, on ports that all share. */
import * as grpc from '@grpc/grpc-js';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Authority, opensslMissing, pemField, type Identity } from './certificates.js';
import type { GrpcClient } from './grpc-client.js';
import { runToEnd, ServerProcess } from './server-process.js';
import { MANY, manyClients, predictedByClients, testModel } from './threaded-server.js';

const LOOPBACK = 'localhost';
const FLAGS = [
  '--io_threads=3',
  '--grpc_transport=native',
  '--model_name=m',
  `--model_base_path=${testModel('versions')}`,
];

describe('--io_threads with TLS', function () {
  this.timeout(60_000);
  let folder: string;
  let ca: Authority;
  let server: Identity;
  let client: Identity;
  let open: ServerProcess | null = null;
  const clients: GrpcClient[] = [];

  before(function () {
    const missing = opensslMissing();
    if (missing !== null) {
      console.log(`    ${missing}`);
      this.skip();
    }
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-threads-tls-'));
    ca = new Authority(folder, 'ca');
    server = ca.issue('server');
    client = ca.issue('client');
  });
  afterEach(async () => {
    for (const each of clients.splice(0)) each.close();
    const exit = await open?.stop();
    open = null;
    if (exit !== undefined) assert.equal(exit.code, 0, exit.stderr);
  });
  after(() => {
    if (folder !== undefined) rmSync(folder, { recursive: true });
  });

  /** What version 2 answers, over a connection of its own. */
  function answerOf(port: number, identity: Identity | null): Promise<string> {
    return new Promise((resolve, reject) => {
      const target = { host: LOOPBACK, port, method: 'POST', path: '/v1/models/m:predict' };
      const options = { ...target, ca: ca.cert, agent: false, ...identity };
      const sent = request(options, (reply) => {
        let text = '';
        reply.setEncoding('utf8').on('data', (piece: string) => (text += piece));
        reply.on('end', () => resolve(text));
      });
      sent.on('error', reject).end('{"instances": [1.0]}');
    });
  }

  for (const verifies of [false, true]) {
    it(`serves ${verifies ? 'clients with certificates' : 'all clients'}`, async () => {
      const file = join(folder, 'ssl.config');
      const own = pemField('server_key', server.key) + pemField('server_cert', server.cert);
      const more = verifies ? `${pemField('custom_ca', ca.cert)}client_verify: true\n` : '';
      writeFileSync(file, own + more);
      open = await ServerProcess.startWith(...FLAGS, `--ssl_config_file=${file}`);
      const { restPort, grpcPort } = open;
      const shown = verifies ? client : null;
      const answers = await Promise.all(
        Array.from({ length: MANY }, () => answerOf(restPort, shown)),
      );
      for (const text of answers) assert.match(text, /"predictions": \[2\s*\]/);
      const [key, cert] = [shown?.key, shown?.cert].map((pem) =>
        pem === undefined ? null : Buffer.from(pem),
      );
      const credentials = grpc.credentials.createSsl(Buffer.from(ca.cert), key, cert);
      const many = manyClients(open, credentials, { 'grpc.ssl_target_name_override': LOOPBACK });
      clients.push(...many);
      assert.deepEqual(await predictedByClients(many, 'm'), Array(MANY).fill(2));
      if (verifies) await assert.rejects(answerOf(restPort, null));
      const second = await runToEnd([...FLAGS, `--port=${grpcPort}`, `--ssl_config_file=${file}`]);
      assert.equal(second.code, 255);
      assert.match(second.stdout, /cannot listen on \S+:\d+: address already in use/);
    });
  }
});

/** Plugins beside several I/O threads: the main thread has them run, whichever thread has got the request. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { GrpcClient } from './grpc-client.js';
import { grpcIsNative, ServerProcess } from './server-process.js';
import {
  MANY,
  manyClients,
  metricsOf,
  predictedByClients,
  predictOf,
  requestsByThread,
  untilAllAnswer,
} from './threaded-server.js';

const HALF_PLUS_TWO = fileURLToPath(
  new URL('../../../examples/models/half_plus_two', import.meta.url),
);
const TWICE = `
  input { name: "x" }
  step { name: "first" model: "probe" input { to: "x" from: "x" } }
  step { name: "second" model: "half" input { to: "x" from: "first.y" } }
  output { name: "y" from: "second.y" }
`;

describe('Plugins beside I/O threads', function () {
  this.timeout(20_000);
  let folder: string;
  let server: ServerProcess;
  let clients: GrpcClient[];

  const addProbe = (version: number): void => {
    const path = join(folder, 'probe', String(version));
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'version.txt'), '');
  };
  const models = (probe: object = {}): object[] => [
    { name: 'probe', base_path: join(folder, 'probe'), model_platform: 'probe', ...probe },
    { name: 'half', base_path: HALF_PLUS_TWO, model_platform: 'tensorflow', hooks: ['lengths'] },
    { name: 'twice', base_path: join(folder, 'twice'), model_platform: 'pipeline' },
  ];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-plugin-threads-'));
    addProbe(1);
    mkdirSync(join(folder, 'twice', '1'), { recursive: true });
    writeFileSync(join(folder, 'twice', '1', 'pipeline.pbtxt'), TWICE);
    const config = (name: string, path: string, platform: string, hooks = ''): string =>
      `config { name: "${name}" base_path: "${path}" model_platform: "${platform}" hooks: [${hooks}] }`;
    const configs = [
      config('probe', join(folder, 'probe'), 'probe'),
      config('half', HALF_PLUS_TWO, 'tensorflow', '"lengths"'),
      config('twice', join(folder, 'twice'), 'pipeline'),
    ];
    writeFileSync(join(folder, 'models'), `model_config_list { ${configs.join('\n')} }`);
    const page = 'prometheus_config { enable: true path: "/monitoring/prometheus/metrics" }';
    writeFileSync(join(folder, 'monitoring'), page);
    server = await ServerProcess.startWith(
      '--plugins=test/plugins/probe.mjs,test/plugins/hooks.mjs',
      '--io_threads=3',
      '--rest_api_timeout_in_ms=2000',
      `--model_config_file=${join(folder, 'models')}`,
      `--monitoring_config_file=${join(folder, 'monitoring')}`,
    );
    clients = manyClients(server);
  });
  after(async () => {
    for (const client of clients) client.close();
    const exit = await server.stop();
    rmSync(folder, { recursive: true });
    assert.equal(exit.code, 0);
  });

  const post = (name: string, body: object): Promise<[number, unknown]> =>
    predictOf(server, name, body);
  const byAll = (name: string, body: object): Promise<[number, unknown][]> =>
    Promise.all(Array.from({ length: MANY }, () => post(name, body)));

  it('answer whichever thread is asked', async () => {
    for (const [name, answer] of [
      ['probe', 101],
      ['twice', 52.5],
      ['half', 2.5],
    ] as const) {
      for (const reply of await byAll(name, { instances: [1] })) {
        assert.deepEqual(reply, [200, { predictions: [answer] }]);
      }
      const overGrpc = await predictedByClients(clients, name);
      assert.ok(
        overGrpc.every((value) => value === answer),
        String(overGrpc),
      );
    }
    const lengths = { signature_name: 'lengths', inputs: ['twice'] };
    for (const reply of await byAll('half', lengths)) {
      assert.deepEqual(reply, [200, { outputs: [4.25] }]);
    }
    const page = await metricsOf(server);
    assert.equal(requestsByThread(page, 'REST').length, 3);
    if (grpcIsNative) assert.equal(requestsByThread(page, 'gRPC').length, 3);
  });

  it('fail as ever, and lose their thread', async () => {
    for (const [status, reply] of await byAll('probe', {
      signature_name: 'odd',
      inputs: 'throw',
    })) {
      assert.equal(status, 500);
      assert.deepEqual(reply, { error: 'plugin "prober" failed: a bug in it' });
    }
    const late = await post('probe', { signature_name: 'odd', inputs: 'wait' });
    assert.equal(late[0], 504);
    assert.equal((await post('probe', { signature_name: 'odd', inputs: 'exit' }))[0], 503);
    await untilAllAnswer(server, 'probe', 101);
    for (const reply of await byAll('half', { signature_name: 'lengths', inputs: ['abc'] })) {
      assert.deepEqual(reply, [200, { outputs: [3.5] }]);
    }
  });

  it('change versions under load without a failure', async () => {
    let isOver = false;
    const seen = new Set<number>();
    const load = (async () => {
      while (!isOver) {
        for (const [status, reply] of await byAll('probe', { instances: [0] })) {
          assert.equal(status, 200, JSON.stringify(reply));
          seen.add((reply as { predictions: number[] }).predictions[0] ?? -1);
        }
      }
    })();
    addProbe(2);
    const [client] = clients as [GrpcClient];
    const both = { model_version_policy: { all: {} } };
    await client.reload(models(both));
    await untilAllAnswer(server, 'probe', 201);
    await client.reload(models({ model_version_policy: { specific: { versions: [1] } } }));
    await untilAllAnswer(server, 'probe', 101);
    isOver = true;
    await load;
    assert.deepEqual([...seen].sort(), [100, 200]);
  });
});

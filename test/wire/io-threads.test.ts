/** --io_threads: one server, one set of models, requests in several threads. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { StatusCode } from '../../src/status/serving-error.js';
import { slowBody } from '../integration/models.js';
import { floats, GrpcClient } from './grpc-client.js';
import { freePort, runToEnd, ServerProcess } from './server-process.js';
import {
  ask,
  MANY,
  manyClients,
  metricsOf,
  predicted,
  predictedByAll,
  predictedByClients,
  requestsByThread,
  sum,
  testModel,
  untilAllAnswer,
} from './threaded-server.js';
import { putVersion, TAKEN_AT_ONCE } from './version-folder.js';

const HALF_PLUS_TWO = fileURLToPath(
  new URL('../../../examples/models/half_plus_two', import.meta.url),
);
/** Version N answers N. */
const VERSIONS = testModel('versions');
const THREADS = ['--io_threads=3', '--grpc_transport=native'];
const BIND_FAILURE =
  /Failed to BuildAndStart gRPC server: cannot listen on \S+:\d+: address already in use/;

describe('--io_threads', function () {
  this.timeout(60_000);
  let folder: string;
  let monitoring: string;
  const servers: ServerProcess[] = [];
  const clients: GrpcClient[] = [];
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-threads-'));
    const file = join(folder, 'monitoring.config');
    writeFileSync(file, 'prometheus_config { enable: true }\n');
    monitoring = `--monitoring_config_file=${file}`;
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    for (const { code, stderr } of await Promise.all(
      servers.splice(0).map((each) => each.stop()),
    )) {
      assert.equal(code, 0, stderr);
    }
  });

  async function start(...flags: string[]): Promise<ServerProcess> {
    const server = await ServerProcess.startWith(...THREADS, monitoring, ...flags);
    servers.push(server);
    return server;
  }

  const serving = (base: string): string[] => ['--model_name=m', `--model_base_path=${base}`];

  function connected(server: ServerProcess): GrpcClient[] {
    const many = manyClients(server);
    clients.push(...many);
    return many;
  }

  /** A configuration file of models, each named, with its folder and more. */
  function configFile(...models: [name: string, base: string, more?: string][]): string {
    const file = join(folder, 'models.config');
    const entries = models.map(
      ([name, base, more = '']) =>
        `config { name: "${name}" base_path: "${base}" model_platform: "tensorflow" ${more} }`,
    );
    writeFileSync(file, `model_config_list { ${entries.join('\n')} }\n`);
    return `--model_config_file=${file}`;
  }

  describe('with one server', () => {
    let server: ServerProcess;
    let socket: string;
    before(async () => {
      socket = join(folder, 'grpc.sock');
      server = await ServerProcess.startWith(
        ...[...THREADS, monitoring, configFile(['m', VERSIONS]), '--enable_admin_api'],
        `--grpc_socket_path=${socket}`,
      );
    });
    after(async () => {
      assert.equal((await server.stop()).code, 0);
    });

    it('answers the requests of many connections in several threads, and counts them all', async () => {
      assert.deepEqual(await predictedByAll(server, 'm'), Array(MANY).fill(2));
      assert.deepEqual(await predictedByClients(connected(server), 'm'), Array(MANY).fill(2));
      const { text } = await ask(server, '/v1/models/none:predict', '{"instances": [1.0]}');
      assert.match(text, /Servable not found for request: Latest\(none\)/);

      const page = await metricsOf(server);
      const rest = requestsByThread(page, 'REST');
      assert.ok(rest.length > 1, `REST in ${rest.length} threads`);
      assert.equal(sum(rest), MANY + 2); // the failed one and the page itself are among them
      const rpcs = requestsByThread(page, 'gRPC');
      assert.ok(rpcs.length > 1, `gRPC in ${rpcs.length} threads`);
      assert.equal(sum(rpcs), MANY);

      const served = ':tensorflow:serving';
      const counted = (model_name: string, status: string): number | undefined =>
        page.value(`${served}:request_count`, { model_name, status });
      assert.equal(counted('m', 'OK'), 2 * MANY);
      assert.equal(counted('none', 'NOT_FOUND'), 1);
      for (const [API, entrypoint] of [
        ['predict', 'REST'],
        ['Predict', 'GRPC'],
      ] as const) {
        const labels = { model_name: 'm', API, entrypoint };
        assert.equal(page.value(`${served}:request_latency_count`, labels), MANY);
      }
      const runs = { model_name: 'm', API: 'Predict', runtime: 'TF1' };
      assert.ok((page.value(`${served}:runtime_latency_count`, runs) ?? 0) > 0);
    });

    it('serves a Unix socket beside the shared ports', async () => {
      const client = new GrpcClient(`unix:${socket}`);
      clients.push(client);
      assert.deepEqual(await predictedByClients([client], 'm'), [2]);
      assert.equal(await predicted(server, 'm'), 2);
    });

    it('does for a client of any thread what the main thread alone can do', async () => {
      const { text } = await ask(server, '/admin/v1/models/m');
      assert.match(text, /"name": ?"m"/);
      const before = await ask(server, '/admin/v1/models/none');
      assert.equal(before.status, 404);
      const body = `{"base_path": "${HALF_PLUS_TWO}"}`;
      const sent = await fetch(`${server.restUrl}/admin/v1/models/n`, { method: 'PUT', body });
      assert.equal(sent.status, 200);
      assert.deepEqual(await predictedByAll(server, 'n'), Array(MANY).fill(2.5));
    });

    it('shares no port with a second server, whatever the threads of each', async () => {
      const { grpcPort, restPort } = server;
      for (const threads of [1, 3]) {
        const more = [`--io_threads=${threads}`, '--grpc_transport=native', ...serving(VERSIONS)];
        const sameGrpc = await runToEnd([`--port=${grpcPort}`, ...more]);
        assert.equal(sameGrpc.code, 255);
        assert.match(sameGrpc.stdout, BIND_FAILURE);
        const port = await freePort();
        const sameRest = new ServerProcess(
          [`--port=${port}`, `--rest_api_port=${restPort}`, ...more],
          port,
          restPort,
        );
        servers.push(sameRest);
        await sameRest.untilLogged('REST is off: cannot listen on ');
        await sameRest.untilLogged('"msg":"serving"');
      }
      const alone = await ServerProcess.startWith(...serving(VERSIONS), '--io_threads=1');
      servers.push(alone);
      const third = await runToEnd([`--port=${alone.grpcPort}`, ...THREADS, ...serving(VERSIONS)]);
      assert.equal(third.code, 255);
      assert.match(third.stdout, BIND_FAILURE);
      assert.equal(await predicted(server, 'm'), 2);
    });
  });

  it('puts a new configuration in force in all threads before the reload is answered', async () => {
    const both = 'model_version_policy { all {} }';
    const server = await start(configFile(['m', VERSIONS, both]), '--max_num_load_retries=0');
    const [client] = connected(server) as [GrpcClient];
    const m = { name: 'm', base_path: VERSIONS, model_version_policy: { all: {} } };
    for (const version of [1, 2, 1]) {
      await client.reload([{ ...m, version_labels: { live: version } }]);
      const answers = await predictedByAll(server, 'm/labels/live');
      assert.deepEqual(answers, Array(MANY).fill(version));
    }
    const added = { name: 'added', base_path: HALF_PLUS_TWO };
    await client.reload([m, added]);
    assert.deepEqual(await predictedByAll(server, 'added'), Array(MANY).fill(2.5));
    assert.deepEqual(await predictedByClients(clients, 'added'), Array(MANY).fill(2.5));
    assert.match(
      String(await predicted(server, 'm/labels/live')),
      /Unrecognized servable version label: live/,
    );
    const lists = await Promise.all(Array.from({ length: MANY }, () => ask(server, '/v1/models')));
    assert.equal(new Set(lists.map(({ text }) => text)).size, 1);
    const broken = join(folder, 'broken');
    mkdirSync(join(broken, '1'), { recursive: true });
    writeFileSync(join(broken, '1', 'saved_model.pb'), 'no protobuf');
    await assert.rejects(client.reload([{ name: 'broken', base_path: broken }, m]), {
      code: StatusCode.UNKNOWN,
      details:
        /^1 model\(s\) did not become available: \{\{\{name: broken version: 1\} due to error: /,
    });
  });

  it('finds a new version, and fails no request while versions come and go', async () => {
    const base = join(folder, 'changing');
    mkdirSync(base);
    const slow = join(testModel('slow'), '1');
    for (const version of ['1', '2']) cpSync(slow, join(base, version), { recursive: true });
    const pick = (version: number): object => ({
      name: 'm',
      base_path: base,
      model_version_policy: { specific: { versions: [version] } },
    });
    const server = await start(configFile(['m', base]), TAKEN_AT_ONCE);
    const many = connected(server);
    const [control] = many as [GrpcClient];
    let isOver = false;
    // Some of them long, so that they are in flight when their version goes; most of them short, so that
    // there are always some that have just found it.
    const overRest = async (iterations: number): Promise<void> => {
      while (!isOver) {
        const { status, text } = await ask(server, '/v1/models/m:predict', slowBody(iterations));
        assert.equal(status, 200, text);
      }
    };
    const overGrpc = async (client: GrpcClient, length: number): Promise<void> => {
      const shape = { dim: [{ size: 1 }] };
      const iterations = { dtype: 'DT_INT32', tensor_shape: shape, int_val: [length] };
      const request = { model_spec: { name: 'm' }, inputs: { x: floats(1), iterations } };
      while (!isOver) assert.ok((await client.predict(request))['outputs']);
    };
    const load = [
      ...[1, 1, 1, 50, 50].map(overRest),
      ...many.slice(0, 16).map((client, i) => overGrpc(client, i % 4 === 0 ? 50 : 1)),
    ];
    const changes = (async () => {
      for (const version of [1, 2, 1, 2, 1, 2, 1, 2]) {
        await control.reload([pick(version)]);
        const path = `/v1/models/m/versions/${3 - version}`;
        while (!(await ask(server, path)).text.includes('"END"'));
      }
      isOver = true;
    })();
    await Promise.all([...load, changes]);
    const added = join(folder, 'versions');
    putVersion(join(VERSIONS, '1'), join(added, '1'));
    await control.reload([{ name: 'v', base_path: added }]);
    assert.deepEqual(await predictedByAll(server, 'v'), Array(MANY).fill(1));
    putVersion(join(VERSIONS, '2'), join(added, '2'));
    await untilAllAnswer(server, 'v', 2);
  });

  it('merges requests into batches in each thread, and adds their figures up', async () => {
    const parameters = join(folder, 'batching.config');
    writeFileSync(
      parameters,
      'max_batch_size { value: 16 } batch_timeout_micros { value: 2000 }\n',
    );
    const server = await start(
      ...serving(HALF_PLUS_TWO),
      '--enable_batching',
      `--batching_parameters_file=${parameters}`,
    );
    const many = connected(server);
    for (let round = 0; round < 3; ++round) {
      assert.deepEqual(await predictedByClients(many, 'm'), Array(MANY).fill(2.5));
    }
    const page = await metricsOf(server);
    const session = ':tensorflow:serving:batching_session';
    assert.equal(page.value(`${session}:input_batch_size_count`), 3 * MANY);
    const batches = page.value(`${session}:wrapped_run_count`) ?? 0;
    assert.ok(batches > 0 && batches < 3 * MANY, `${batches} batches`);
    const labels = { model_name: 'm', signature_name: 'serving_default' };
    assert.equal(page.value(':tensorgate:batching_queue_depth', labels), 0);
  });

  it('keeps the memory of all bodies within one limit', async () => {
    const most = 4;
    const limit = `--rest_api_max_buffered_bytes=${most * (64 << 10)}`;
    const server = await start(...serving(HALF_PLUS_TWO), limit);
    const head = 'POST /v1/models/m:predict HTTP/1.1\r\nHost: h\r\nContent-Length: 200000\r\n\r\n';
    const sockets: Socket[] = [];
    let refused = 0;
    const send = (): void => {
      const socket = connect(server.restPort, '127.0.0.1');
      sockets.push(socket);
      let text = '';
      socket.on('data', (bytes: Buffer) => {
        text += bytes.toString();
        if (!text.includes('503 Service Unavailable')) return;
        ++refused;
        socket.destroy();
      });
      socket.write(head + '{"instances": [');
    };
    for (let i = 0; i < 3 * most; ++i) send();
    while (refused < 2 * most) await pause();
    send(); // now the others are held for certain
    while (refused < 2 * most + 1) await pause();
    assert.equal(sockets.filter(({ destroyed }) => !destroyed).length, most);
    for (const socket of sockets) socket.destroy();
  });

  it('leaves gRPC to the main thread where grpc-js carries it', async () => {
    const server = await start(...serving(VERSIONS), '--grpc_transport=grpc-js');
    assert.deepEqual(await predictedByClients(connected(server), 'm'), Array(MANY).fill(2));
    assert.deepEqual(await predictedByAll(server, 'm'), Array(MANY).fill(2));
    const page = await metricsOf(server);
    assert.deepEqual(requestsByThread(page, 'gRPC'), []);
    const ok = { model_name: 'm', status: 'OK' };
    assert.equal(page.value(':tensorflow:serving:request_count', ok), 2 * MANY);
  });

  it('finishes what is in flight in all threads on SIGTERM, then exits with 0', async () => {
    const server = await start(...serving(testModel('slow')));
    const answers = Array.from({ length: 12 }, () =>
      ask(server, '/v1/models/m:predict', slowBody(4000)),
    );
    while (sum(requestsByThread(await metricsOf(server), 'REST')) < 12) await pause();
    server.signal('SIGTERM');
    await server.untilLogged('draining');
    for (const { status, text } of await Promise.all(answers)) assert.equal(status, 200, text);
    const exit = await server.exit;
    assert.equal(exit.code, 0);
    assert.match(exit.stderr, /"msg":"stopped"/);
  });

  it('ends requests that outlast the grace period', async () => {
    const server = await start(...serving(testModel('slow')), '--shutdown_grace_seconds=0');
    const answers = Array.from({ length: 6 }, () =>
      ask(server, '/v1/models/m:predict', slowBody(10_000)),
    );
    const outcomes = Promise.allSettled(answers);
    while (sum(requestsByThread(await metricsOf(server), 'REST')) < 6) await pause();
    server.signal('SIGTERM');
    assert.equal((await server.exit).code, 0);
    assert.deepEqual(new Set((await outcomes).map(({ status }) => status)), new Set(['rejected']));
  });
});

/** Lets the event loop go on. */
function pause(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

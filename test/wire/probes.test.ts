/** /healthz, /livez and /readyz as a kubelet asks for them, through loads, an unload and a drain. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { slowBody } from '../integration/models.js';
import { PrometheusPage } from './prometheus-parser.js';
import { postHead, RawClient } from './raw-http.js';
import { freePort, ServerProcess } from './server-process.js';
import { ask, MANY, testModel, type Answer } from './threaded-server.js';
import { putVersion, TAKEN_AT_ONCE } from './version-folder.js';

const MODEL = testModel('versions');
const STALL_MILLIS = 400;
const READY: Answer = { status: 200, text: 'ok\n' };

for (const threads of [1, 3]) {
  describe(`Probes, with ${threads} I/O thread(s)`, function () {
    this.timeout(30_000);
    let folder: string;
    const servers: ServerProcess[] = [];
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'tensorgate-probes-'));
    });
    afterEach(async () => {
      await Promise.all(servers.splice(0).map((each) => each.stop()));
      rmSync(folder, { recursive: true });
    });

    async function serve(...flags: string[]): Promise<ServerProcess> {
      const server = await ServerProcess.startWith(
        ...[`--io_threads=${threads}`, TAKEN_AT_ONCE, ...flags],
      );
      servers.push(server);
      return server;
    }

    /** One that listens, and may not serve yet. */
    async function listening(...flags: string[]): Promise<ServerProcess> {
      const [grpcPort, restPort] = [await freePort(), await freePort()];
      const ports = [`--port=${grpcPort}`, `--rest_api_port=${restPort}`];
      const server = new ServerProcess(
        [...ports, ...ServerProcess.transports, `--io_threads=${threads}`, TAKEN_AT_ONCE, ...flags],
        grpcPort,
        restPort,
      );
      servers.push(server);
      await server.untilLogged('REST at');
      return server;
    }

    const put = (base: string): void => putVersion(join(MODEL, '1'), join(folder, base, '1'));
    const config = (...names: string[]): string => {
      const file = join(folder, 'models.config');
      const entries = names.map((name) => {
        const base = join(folder, name);
        mkdirSync(base, { recursive: true });
        return `config { name: "${name}" base_path: "${base}" model_platform: "tensorflow" }`;
      });
      writeFileSync(file, `model_config_list { ${entries.join('\n')} }`);
      return `--model_config_file=${file}`;
    };
    const ready = (server: ServerProcess): Promise<Answer> => ask(server, '/readyz');
    /** Until all threads say so. */
    async function until(server: ServerProcess, status: number): Promise<Answer> {
      const length = threads === 1 ? 1 : MANY;
      for (; ; await delay(10)) {
        const answers = await Promise.all(Array.from({ length }, () => ready(server)));
        const [first] = answers as [Answer];
        if (answers.every((each) => each.status === status)) return first;
      }
    }

    describe('of a server that serves', () => {
      const loops = ['main', ...(threads === 1 ? [] : ['1', '2', '3'])];
      let server: ServerProcess;
      let own: string;
      before(async () => {
        own = mkdtempSync(join(tmpdir(), 'tensorgate-probes-'));
        const monitoring = join(own, 'monitoring.config');
        writeFileSync(monitoring, 'prometheus_config { enable: true }');
        server = await ServerProcess.startWith(
          `--io_threads=${threads}`,
          '--model_name=m',
          `--model_base_path=${MODEL}`,
          `--event_loop_stall_millis=${STALL_MILLIS}`,
          `--monitoring_config_file=${monitoring}`,
        );
      });
      after(async () => {
        assert.equal((await server.stop()).code, 0);
        rmSync(own, { recursive: true });
      });
      const page = async (): Promise<PrometheusPage> =>
        new PrometheusPage((await ask(server, '/monitoring/prometheus/metrics')).text);

      it('are counted nowhere, and the stalls of each event loop are on the page', async () => {
        for (let i = 0; i < 5; ++i) await ask(server, '/readyz');
        const told = await page();
        assert.deepEqual(told.all(':tensorflow:serving:request_count'), {});
        const names = Object.keys(told.all(':tensorgate:event_loop_stall_count'));
        assert.deepEqual(names.sort(), loops.map((name) => `thread="${name}"`).sort());
      });

      it('answer GET and HEAD, whatever the query, and nothing else', async () => {
        for (const path of ['/healthz', '/livez', '/readyz', '/readyz?verbose', '/healthz?']) {
          assert.deepEqual(await ask(server, path), READY, path);
          const head = await fetch(server.restUrl + path, { method: 'HEAD' });
          assert.equal(head.status, 200, path);
          assert.equal(await head.text(), '');
        }
        const { headers } = await fetch(`${server.restUrl}/readyz`);
        assert.equal(headers.get('content-type'), 'text/plain');
        for (const path of ['/healthz/', '/readyz/m', '/Healthz', '/ready']) {
          assert.equal((await ask(server, path)).status, 404, path);
        }
        assert.equal((await ask(server, '/healthz', '')).status, 404, 'a POST');
      });

      it('has each event loop that stalled in the log and on the page', async () => {
        server.signal('SIGSTOP');
        await delay(2 * STALL_MILLIS);
        server.signal('SIGCONT');
        for (const name of loops) {
          const line = await server.lineWith(`"thread":"${name}"`);
          assert.match(line, /"millis":\d+,"msg":"the event loop stalled"/);
        }
        const counts = (await page()).all(':tensorgate:event_loop_stall_count');
        for (const name of loops) assert.ok((counts[`thread="${name}"`] ?? 0) >= 1, name);
      });
    });

    it('tells model by model why it is not ready while the first ones load', async () => {
      const server = await listening(config('a', 'b'), '--listen_before_loaded');
      assert.deepEqual(await ask(server, '/healthz'), READY);
      const first = await until(server, 503);
      assert.doesNotMatch(first.text, /\n\n/);
      put('a');
      const isOnly = (answer: Answer, name: string): boolean =>
        answer.text.startsWith(`${name}: `) && answer.text.trimEnd().split('\n').length === 1;
      let answer = await ready(server);
      for (; !isOnly(answer, 'b'); await delay(10)) answer = await ready(server);
      assert.match(answer.text, /^b: NOT_FOUND: No versions of servable b found/);
      const asked = await ask(server, '/v1/models/b:predict', '{"instances": [1.0]}');
      assert.equal(asked.status, 404);
      assert.match(asked.text, /Servable not found for request: Latest\(b\)/);
      assert.doesNotMatch(server.log, /"msg":"serving"/);
      put('b');
      assert.deepEqual(await until(server, 200), READY);
      await server.untilLogged('"msg":"serving"');
    });

    it('ends a start as ever where the first load fails, though it listens', async () => {
      mkdirSync(join(folder, 'm', '1'), { recursive: true });
      const server = await listening(
        '--model_name=m',
        `--model_base_path=${join(folder, 'm')}`,
        '--max_num_load_retries=0',
        '--listen_before_loaded',
      );
      const { code, stdout } = await server.exit;
      assert.equal(code, 255);
      assert.match(stdout, /^Failed to start server\. Error: UNKNOWN: 1 servable\(s\) did not/);
    });

    it('can be ready with any model, or as soon as it listens', async () => {
      const flags = [config('a', 'b'), '--listen_before_loaded'];
      const listens = await listening(...flags, '--ready_when=listening');
      assert.deepEqual(await ready(listens), READY);
      const any = await listening(...flags, '--ready_when=any');
      assert.match((await until(any, 503)).text, /^[ab]: |^no configuration/);
      put('b');
      assert.deepEqual(await until(any, 200), READY);
    });

    it('is not ready while a model has no version, and again once it has one', async () => {
      const flag = config('a', 'b');
      put('a');
      put('b');
      const server = await serve(flag);
      assert.deepEqual(await until(server, 200), READY);
      rmSync(join(folder, 'a', '1'), { recursive: true });
      let { text } = await until(server, 503);
      while (!text.startsWith('a: NOT_FOUND: No versions of servable a')) {
        assert.equal(text, 'a: version 1 is UNLOADING\n');
        await delay(10);
        ({ text } = await ready(server));
      }
      put('a');
      assert.deepEqual(await until(server, 200), READY);
    });

    it('says 503 and serves on for the time of --drain_wait_seconds', async () => {
      const server = await serve(
        '--model_name=m',
        `--model_base_path=${MODEL}`,
        '--drain_wait_seconds=1',
      );
      server.signal('SIGTERM');
      await server.untilLogged('draining');
      assert.deepEqual(await until(server, 503), { status: 503, text: 'the server stops\n' });
      assert.deepEqual(await ask(server, '/livez'), READY);
      const answer = await ask(server, '/v1/models/m:predict', '{"instances": [1.0]}');
      assert.equal(answer.status, 200);
      assert.equal((await server.exit).code, 0);
    });

    it('says in the meantime that connections close, those that come then too', async () => {
      const server = await serve(
        '--model_name=m',
        `--model_base_path=${MODEL}`,
        '--drain_wait_seconds=3600',
      );
      const body = '{"instances": [1.0]}';
      const request = postHead('/v1/models/m:predict', body.length) + body;
      const clients = [
        await RawClient.open(server.restPort),
        await RawClient.open(server.restPort),
      ];
      for (const client of clients) {
        await client.write(request);
        const { status, head } = await client.answer();
        assert.equal(status, 200);
        assert.doesNotMatch(head, /^Connection: close/im);
      }
      server.signal('SIGTERM');
      await until(server, 503);
      clients.push(await RawClient.open(server.restPort));
      for (const client of clients) {
        await client.write(request);
        const { status, head } = await client.answer();
        assert.equal(status, 200);
        assert.match(head, /^Connection: close/im);
        await client.closed;
      }
      server.signal('SIGTERM'); // all at once
      await server.exit;
    });

    // Of several threads, one with nothing in flight closes it at once.
    if (threads === 1) {
      it('says 503 on a connection that is open when the drain begins', async () => {
        const server = await serve('--model_name=m', `--model_base_path=${testModel('slow')}`);
        const probe = await RawClient.open(server.restPort);
        const request = 'GET /readyz HTTP/1.1\r\nHost: m\r\n\r\n';
        await probe.write(request);
        assert.equal((await probe.answer()).status, 200);
        // Something in flight, so that the drain lasts.
        const slow = ask(server, '/v1/models/m:predict', slowBody(30_000));
        await delay(200);
        server.signal('SIGTERM');
        await server.untilLogged('draining');
        await probe.write(request);
        const { status, body } = await probe.answer();
        assert.equal(status, 503);
        assert.equal(body.toString(), 'the server stops\n');
        probe.socket.destroy();
        assert.equal((await slow).status, 200);
        assert.equal((await server.exit).code, 0);
      });
    }
  });
}

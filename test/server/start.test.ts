/** Starts that fail, and those that go on with less: words, exit codes, ports and Unix sockets. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { floats, GrpcClient } from '../wire/grpc-client.js';
import { runToEnd, ServerProcess } from '../wire/server-process.js';
import { testModel } from '../wire/threaded-server.js';

describe('The start of a server', function () {
  this.timeout(30_000);
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-start-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  describe('at a Unix socket', () => {
    let socket: string;
    const servers: ServerProcess[] = [];
    beforeEach(() => {
      socket = join(folder, 'grpc.sock');
    });
    afterEach(async () => {
      for (const server of servers.splice(0)) assert.equal((await server.stop()).code, 0);
    });

    const flags = (): string[] => [
      '--port=0',
      `--grpc_socket_path=${socket}`,
      '--model_name=m',
      `--model_base_path=${testModel('versions')}`,
    ];

    async function serve(): Promise<ServerProcess> {
      const server = new ServerProcess(flags(), 0, 0);
      await server.untilLogged('"msg":"serving"');
      return server;
    }

    async function predictOnce(): Promise<void> {
      const client = new GrpcClient(`unix:${socket}`);
      const { outputs } = await client.predict({
        model_spec: { name: 'm' },
        inputs: { x: floats(1) },
      });
      assert.equal(Object.keys(outputs as object).length, 1);
      client.close();
    }

    it('serves, without a port', async () => {
      servers.push(await serve());
      await predictOnce();
    });

    it('replaces the socket of a server that was killed', async () => {
      const killed = await serve();
      killed.signal('SIGKILL');
      await killed.exit;
      assert.ok(existsSync(socket), 'it is left behind');
      servers.push(await serve());
      await predictOnce();
    });

    it('leaves the path to a server that still serves there', async () => {
      servers.push(await serve());
      const exit = await runToEnd(flags());
      assert.equal(exit.code, 255);
      assert.match(exit.stdout, /gRPC server: unix:.*: another server serves there/);
      await predictOnce();
    });

    it('leaves a file that is no socket alone', async () => {
      writeFileSync(socket, 'kept');
      const exit = await runToEnd(flags());
      assert.equal(exit.code, 255);
      assert.match(exit.stdout, /Failed to BuildAndStart gRPC server: .*address already in use/);
      assert.equal(readFileSync(socket, 'utf8'), 'kept');
    });
  });

  it('refuses to start without a model, with the words and exit code of upstream', async () => {
    const exit = await runToEnd(['--port=1']);
    assert.equal(exit.code, 255);
    assert.equal(
      exit.stdout,
      'Failed to start server. Error: INVALID_ARGUMENT: ' +
        'Both server_options.model_base_path and server_options.model_config_file are empty!\n',
    );
  });

  it('refuses to start without any gRPC listener or with a relative base path', async () => {
    const base = `--model_base_path=${testModel('versions')}`;
    const nowhere = await runToEnd(['--port=0', base]);
    assert.equal(nowhere.code, 255);
    assert.match(nowhere.stdout, /At least one of server_options.grpc_port or /);
    const beyond = await runToEnd(['--port=70000', base]);
    assert.equal(beyond.code, 255);
    assert.match(beyond.stdout, /INVALID_ARGUMENT: --port must be from 0 to 65535, got 70000/);
    const relative = await runToEnd(['--model_base_path=models/m']);
    assert.equal(relative.code, 255);
    assert.match(
      relative.stdout,
      /Expected model default to have an absolute path or URI; got base_path\(\)=models\/m/,
    );
  });

  it('fails to start on a model that cannot be loaded, and says why', async () => {
    mkdirSync(join(folder, '1'));
    const exit = await runToEnd([
      '--port=1',
      '--model_name=m',
      `--model_base_path=${folder}`,
      '--max_num_load_retries=0',
    ]);
    assert.equal(exit.code, 255);
    assert.equal(
      exit.stdout,
      'Failed to start server. Error: UNKNOWN: 1 servable(s) did not become available: ' +
        '{{{name: m version: 1} due to error: NOT_FOUND: Specified file path does not appear to ' +
        'contain a SavedModel bundle (should have a file called `saved_model.pb`)\n' +
        `Specified file path: ${join(folder, '1')}}, }\n`,
    );
  });

  it('fails to start when the gRPC port is taken', async () => {
    const other = createServer();
    other.listen(0, '0.0.0.0');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const exit = await runToEnd([`--port=${port}`, `--model_base_path=${testModel('versions')}`]);
    other.close();
    assert.equal(exit.code, 255);
    assert.match(exit.stdout, /Failed to BuildAndStart gRPC server/);
  });

  it('goes on with gRPC alone when the REST port is taken', async () => {
    const first = await ServerProcess.start('m', testModel('versions'));
    const args = [
      '--port=0',
      `--grpc_socket_path=${join(folder, 'grpc.sock')}`,
      `--rest_api_port=${first.restPort}`,
      `--model_base_path=${testModel('versions')}`,
    ];
    const second = new ServerProcess(args, 0, 0);
    await second.untilLogged('"msg":"serving"');
    assert.match((await second.stop()).stderr, /REST is off: cannot listen on .*:\d+/);
    assert.equal((await first.stop()).code, 0);
  });

  it('prints version and help as upstream, and goes on after an unknown argument', async () => {
    const version = await runToEnd(['--version']);
    assert.equal(version.code, 0);
    assert.match(
      version.stdout,
      /^TensorFlow ModelServer: \d+\.\d+\.\d+\nTensorFlow Library: 2\.21\.0\n$/,
    );
    const help = await runToEnd(['--help']);
    assert.equal(help.code, 255);
    assert.match(help.stdout, /^usage: .*\nFlags:\n\t--port=8500 {22}\tint32\t/);
    const unknown = await runToEnd(['--no_such_flag=1']);
    assert.match(unknown.stdout, /^unknown argument: --no_such_flag=1\nusage: [^]*Failed to start/);
    const wrong = await runToEnd(['--port=abc']);
    assert.equal(wrong.code, 255);
    assert.match(wrong.stderr, /Couldn't interpret value abc for flag port\./);
  });
});

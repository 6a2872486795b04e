/** Sources and version policies of plugins: what they say is served, over both transports. */
import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { call } from './admin-client.js';
import { floats, GrpcClient, type RpcError } from './grpc-client.js';
import { runToEnd, ServerProcess } from './server-process.js';
import { ask, predicted, testModel } from './threaded-server.js';

const PLUGIN = '--plugins=test/plugins/sources.mjs';
const VERSIONS = testModel('versions');
const at = (version: number): string => join(VERSIONS, String(version));

describe('Sources and policies of plugins', function () {
  this.timeout(20_000);
  let folder: string;
  let server: ServerProcess;
  let client: GrpcClient;

  const shelf = (name: string): string => join(folder, `${name}.json`);
  const put = (name: string, versions: object[], more: object = {}): void => {
    writeFileSync(`${shelf(name)}.new`, JSON.stringify({ versions, ...more }));
    renameSync(`${shelf(name)}.new`, shelf(name));
  };
  const model = (name: string, more: object = {}): object => ({
    name,
    base_path: `shelf://${shelf(name)}`,
    model_platform: 'tensorflow',
    ...more,
  });
  const onDisk = (name: string, more: object): object =>
    model(name, { base_path: VERSIONS, ...more });
  const plain = (version: number): object => ({ version, folder: at(version) });

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-sources-'));
    put('first', [plain(1)]);
    server = await ServerProcess.startWith(
      PLUGIN,
      '--model_name=first',
      `--model_base_path=shelf://${shelf('first')}`,
      '--file_system_poll_wait_seconds=1',
      '--enable_admin_api',
      '--max_num_load_retries=0',
    );
    client = new GrpcClient(server.grpcAddress);
  });
  after(async () => {
    client.close();
    const exit = await server.stop();
    rmSync(folder, { recursive: true });
    assert.equal(exit.code, 0);
  });

  /** What answers, over both transports. */
  async function answers(name: string): Promise<number | string> {
    const overRest = await predicted(server, name);
    const request = { model_spec: { name }, inputs: { x: floats(1) } };
    const overGrpc = await client.predict(request).then(
      ({ outputs }) => Number((outputs as { y: { int64_val: string[] } }).y.int64_val[0]),
      ({ details }: RpcError) => details,
    );
    return overGrpc === overRest ? overRest : `${overGrpc} is not ${overRest}`;
  }
  const until = async (name: string, answer: number): Promise<void> => {
    while ((await answers(name)) !== answer);
  };
  const states = async (name: string): Promise<string> => {
    const { text } = await ask(server, `/v1/models/${name}`);
    const { model_version_status: all = [] } = JSON.parse(text) as {
      model_version_status?: { version: string; state: string }[];
    };
    const there = all.filter(({ state }) => state === 'AVAILABLE');
    return there.map(({ version }) => version).join();
  };
  const fetched = (name: string): string =>
    existsSync(`${shelf(name)}.fetched`) ? readFileSync(`${shelf(name)}.fetched`, 'utf8') : '';

  it('serve what the flag names, and follow it', async () => {
    assert.equal(await answers('first'), 1);
    put('first', [plain(1), plain(2)]);
    await until('first', 2);
    put('first', [plain(1)]);
    await until('first', 1);
  });

  it('are asked for the folder of what is to be served alone, and once', async () => {
    const copies = [1, 2].map((version) => ({ version, copyOf: at(version) }));
    put('copied', [...copies, { version: 3, copyOf: at(2) }]);
    await client.reload([model('first'), model('copied')]);
    assert.equal(await answers('copied'), 2);
    assert.equal(await states('copied'), '3');
    assert.equal(fetched('copied'), '3,');
    await client.reload([model('first'), model('copied', { model_version_policy: { all: {} } })]);
    while ((await states('copied')) !== '3,2,1');
    assert.equal([...fetched('copied')].sort().join(''), ',,,123');
    const { found_versions: found } = await call(client, 'GetModel', { name: 'copied' });
    assert.deepEqual(found, ['3', '2', '1']);
  });

  it('leave what is served where they fail, and say so once', async () => {
    const before = server.log.length;
    for (const [fail, text] of [
      ['throw', 'the shelf is locked'],
      ['odd', 'versions[0].version: expected a whole number from 0 on, got -1'],
      ['relative', 'versions[0].folder: expected an absolute path, got here'],
    ] as const) {
      put('first', [], { fail });
      await server.untilLogged(text, before);
      assert.equal(await answers('first'), 1);
    }
    put('first', [plain(2)]);
    await until('first', 2);
    const told = server.log
      .slice(before)
      .split('\n')
      .filter((line) => line.includes('Cannot look for versions of servable first'));
    assert.equal(told.length, 3, told.join('\n'));
    assert.match(told[0] ?? '', /INTERNAL: plugin \\"librarian\\" failed: the shelf is locked/);
  });

  it('end their thread and no request', async () => {
    put('first', [], { fail: 'exit' });
    await server.untilLogged('plugin source thread ended');
    assert.equal(await answers('first'), 2);
    put('first', [plain(1)]);
    await until('first', 1);
  });

  it('serve an older version where the latest cannot be fetched', async () => {
    const versions = [1, 2].map((version) => ({ version, copyOf: at(version) }));
    put('lent', versions, { fail: 'fetch 2' });
    await client.reload([model('first'), model('lent')]);
    assert.equal(await answers('lent'), 1);
    await server.untilLogged('Version 2 of servable lent cannot be fetched: plugin');
    put('lent', versions);
    await until('lent', 2); // it is tried again
    put('slow', versions, { fail: 'hang 2' });
    const waiting = client.reload([model('first'), model('slow')]);
    while (fetched('slow') === '') await new Promise((then) => setTimeout(then, 5));
    put('slow', [versions[0] as object]);
    await waiting;
    assert.equal(await answers('slow'), 1);
  });

  it('tell of news by themselves', async () => {
    put('pushed', [plain(1)], { push: true });
    const quiet = { file_system_poll_wait_seconds: 0 };
    await client.reload([model('first'), model('pushed', quiet)]);
    assert.equal(await answers('pushed'), 1);
    put('pushed', [plain(2)], { push: true });
    await until('pushed', 2);
    await client.reload([model('first')]);
    while (!existsSync(`${shelf('pushed')}.ended`))
      await new Promise((then) => setTimeout(then, 5));
  });

  it('take a model over from a base path, and give it back, without a failure', async () => {
    put('moved', [plain(2)]);
    const all = { model_version_policy: { all: {} } };
    await client.reload([model('first'), onDisk('moved', all)]);
    await until('moved', 2);
    let isOver = false;
    const load = (async () => {
      while (!isOver) assert.equal(await answers('moved'), 2);
    })();
    await client.reload([model('first'), model('moved')]);
    while ((await states('moved')) !== '2');
    await client.reload([model('first'), onDisk('moved', all)]);
    while ((await states('moved')) !== '2,1');
    isOver = true;
    await load;
  });

  it('choose among the versions of a base path, and of a source', async () => {
    const odd = { model_version_policy: { plugin: 'odd' } };
    put('chosen', [plain(1), plain(2)]);
    await client.reload([model('first'), model('chosen', odd), onDisk('disk', odd)]);
    await until('chosen', 1);
    assert.deepEqual(await Promise.all(['chosen', 'disk'].map(states)), ['1', '1']);
    put('chosen', [plain(1), plain(2), { version: 3, folder: at(2) }]);
    await until('chosen', 2);
    assert.equal(await states('chosen'), '3,1');
    const status = await runToEnd(['status', `--server=${server.grpcAddress}`]);
    assert.match(status.stdout, /chosen .*plugin odd/, status.stderr);
    for (const [plugin, text] of [
      ['broken', 'plugin \\"librarian\\" failed: cannot decide'],
      ['stranger', 'choose: version 77 is not there, only 2, 1'],
    ] as const) {
      const before = server.log.length;
      const policy = { model_version_policy: { plugin } };
      await client.reload([model('first'), model('chosen', odd), onDisk('disk', policy)]);
      await server.untilLogged(text, before);
      assert.equal(await answers('disk'), 1, 'what is served stays');
    }
    const none = onDisk('disk', { model_version_policy: { plugin: 'none' } });
    await client.reload([model('first'), none]);
    while ((await states('disk')) !== '');
  });

  it('are refused where there are none of that name', async () => {
    const refused = (config: object, text: RegExp): Promise<void> =>
      assert.rejects(client.reload([config]), (error: RpcError) => {
        assert.match(error.details, text);
        return true;
      });
    const policy = { model_version_policy: { plugin: 'never' } };
    await refused(
      model('first', policy),
      /^Model first names version policy never, which no plugin/,
    );
    await refused(
      model('first', { base_path: 'attic:///x' }),
      /File system scheme 'attic' not implemented/,
    );
    const config = join(folder, 'config');
    const of = (base: string, plugin: string): string =>
      `model_config_list { config { name: "m" base_path: "${base}" model_platform: "tensorflow"
        model_version_policy { plugin: "${plugin}" } } }`;
    writeFileSync(config, of('attic:///x', 'odd'));
    const flags = [`--model_config_file=${config}`, PLUGIN, '--validate_config'];
    assert.match((await runToEnd(flags)).stdout, /File system scheme 'attic' not implemented/);
    writeFileSync(config, of(`shelf://${shelf('first')}`, 'odd'));
    assert.equal((await runToEnd(flags)).stdout, '0 errors, 0 warnings\n');
    const bad = join(folder, 'bad.mjs');
    writeFileSync(bad, 'export default { name: "b", sources: { File: { versions() {} } } };');
    const { stdout } = await runToEnd([`--model_config_file=${config}`, `--plugins=${bad}`]);
    assert.match(stdout, /sources\["File"\]: expected the scheme of a URI as its name/);
  });

  it('keep to --model_roots', async () => {
    cpSync(VERSIONS, join(folder, 'roots'), { recursive: true });
    put('inside', [{ version: 1, folder: join(folder, 'roots', '1') }, plain(2)]);
    const within = await ServerProcess.startWith(
      PLUGIN,
      '--model_name=inside',
      `--model_base_path=shelf://${shelf('inside')}`,
      `--model_roots=${folder}`,
    );
    assert.equal(await predicted(within, 'inside'), 1);
    await within.untilLogged('leads outside of --model_roots');
    assert.equal((await within.stop()).code, 0);
  });
});

/** Requests that share the runs of a plugin, over both transports; with test/plugins/rows.mjs. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { floats, GrpcClient, type RpcError } from './grpc-client.js';
import { ServerProcess } from './server-process.js';
import { ask } from './threaded-server.js';

interface Rows {
  readonly y: number[];
  readonly rows: number[];
}

describe('Requests of a plugin that share runs', function () {
  this.timeout(10_000);
  let folder: string;
  let server: ServerProcess;
  let client: GrpcClient;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-rows-'));
    for (const name of ['rows', 'careless'])
      mkdirSync(join(folder, name, '1'), { recursive: true });
    const config = `config { name: "rows" base_path: "${join(folder, 'rows')}" model_platform: "rows" }`;
    writeFileSync(join(folder, 'models'), `model_config_list { ${config} }`);
    server = await ServerProcess.startWith(
      '--plugins=test/plugins/rows.mjs',
      '--rest_api_timeout_in_ms=1500',
      `--model_config_file=${join(folder, 'models')}`,
    );
    client = new GrpcClient(server.grpcAddress);
    await overGrpc(0); // it is connected
  });
  after(async () => {
    client.close();
    const exit = await server.stop();
    rmSync(folder, { recursive: true });
    assert.equal(exit.code, 0);
  });

  async function post(body: object): Promise<[number, unknown]> {
    const { status, text } = await ask(server, '/v1/models/rows:predict', JSON.stringify(body));
    return [status, JSON.parse(text)];
  }
  async function overRest(...x: number[]): Promise<Rows> {
    const [status, reply] = await post({ inputs: { x } });
    assert.equal(status, 200, JSON.stringify(reply));
    return (reply as { outputs: Rows }).outputs;
  }
  async function overGrpc(...x: number[]): Promise<Rows> {
    const { outputs } = await client.predict({
      model_spec: { name: 'rows' },
      inputs: { x: floats(...x) },
    });
    const { y, rows } = outputs as { [K in 'y' | 'rows']: { float_val: number[] } };
    return { y: y.float_val, rows: rows.float_val };
  }

  /** While a run waits, so that they are together afterwards, unless they come late. */
  async function together<T>(send: () => Promise<T>[]): Promise<T[]> {
    const first = overRest(1000);
    await new Promise((resolve) => setTimeout(resolve, 30));
    const sent = send();
    assert.deepEqual((await first).rows, [1]);
    return Promise.all(sent);
  }

  it('get their own rows of one run, whatever the transport', async () => {
    for (let rows = new Set<number>(); rows.size !== 1 || !rows.has(6);) {
      const answers = await together(() => [
        overRest(1, 2),
        overGrpc(3),
        overRest(4),
        overGrpc(5, 6),
      ]);
      assert.deepEqual(
        answers.map(({ y }) => y),
        [[101, 102], [103], [104], [105, 106]],
      );
      rows = new Set(answers.flatMap((each) => each.rows));
    }
  });

  it('are no more than a run may have, and alone where they have more', async () => {
    const nine = Array.from({ length: 9 }, (_, i) => i);
    for (let most = 0; most !== 8;) {
      const answers = await together(() => [
        overRest(1, 2, 3, 4, 5),
        overRest(6, 7, 8),
        overRest(...nine),
        overRest(9, 10, 11),
      ]);
      assert.deepEqual(
        answers[2]?.y,
        nine.map((value) => value + 100),
      );
      const counts = answers.map((each) => each.rows[0] ?? 0);
      assert.equal(counts.splice(2, 1)[0], 9);
      most = Math.max(...counts);
      assert.ok(most <= 8, String(counts));
    }
  });

  it('share them where dtypes and inner shapes are alike, texts as well', async () => {
    const many = (pairs: number[][], texts: string[]): Promise<[number, unknown]> =>
      post({ signature_name: 'many', inputs: { pair: pairs, text: texts.map((text) => [text]) } });
    const replies = await together(() => [
      many([[1, 2]], ['a']),
      many(
        [
          [3, 4],
          [5, 6],
        ],
        ['b', 'c'],
      ),
      many([[7, 8, 9]], ['d']),
    ]);
    assert.deepEqual(replies, [
      [200, { outputs: { pair: [[1, 2]], text: [['a']] } }],
      [
        200,
        {
          outputs: {
            pair: [
              [3, 4],
              [5, 6],
            ],
            text: [['b'], ['c']],
          },
        },
      ],
      [200, { outputs: { pair: [[7, 8, 9]], text: [['d']] } }],
    ]);
    assert.deepEqual(await post({ signature_name: 'alone', inputs: 3 }), [200, { outputs: 3 }]);
  });

  it('fail alone where one of them is at fault', async () => {
    const failing = (): Promise<unknown> =>
      overGrpc(-1).catch(({ code, details }: RpcError) => [code, details]);
    const [good, bad, other] = await together<unknown>(() => [overRest(1), failing(), overGrpc(2)]);
    assert.deepEqual(bad, [11, 'x is -1']);
    assert.deepEqual((good as Rows).y, [101]);
    assert.deepEqual((other as Rows).y, [102]);
  });

  it('are refused where the plugin puts out other rows', async () => {
    const [status, reply] = await post({ inputs: { x: [-2] } });
    assert.equal(status, 500);
    const text =
      /^plugin "rower": output ".*": expected 1 rows, as the inputs have, got DT_FLOAT \[2\]$/;
    assert.match((reply as { error: string }).error, text);
  });

  it('have their own deadlines', async () => {
    const late = post({ inputs: { x: [2000] } });
    await new Promise((resolve) => setTimeout(resolve, 20));
    const [one, two] = await Promise.all([overRest(1), overGrpc(2)]);
    assert.deepEqual([one.y, two.y], [[101], [102]]); // it holds up others for a second at most
    assert.equal((await late)[0], 504);
    assert.deepEqual((await overRest(3)).y, [103]);
  });

  it('are so by a number of rows', async () => {
    const model = (name: string): object => ({
      ...{ name, base_path: join(folder, name), model_platform: name },
    });
    const waiting = client.reload([model('rows'), model('careless')]).catch(() => undefined);
    const why = /batching.maxRows: expected a whole number from 1 on, got 0/;
    while (!why.test((await ask(server, '/v1/models/careless')).text));
    await client.reload([model('rows')]);
    await waiting;
  });
});

/** Many models behind Envoy's consistent hashing: each keeps to one replica, over both protocols. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { encode, GrpcClient, PREDICT } from '../wire/grpc-client.js';
import { IS_WHOLE } from './harness.js';
import { ENVOY } from './replicas/balancers.js';
import { Replica } from './replicas/replica.js';
import { RunningBalancer } from './replicas/running-balancer.js';

const MODELS = Array.from({ length: IS_WHOLE ? 2000 : 100 }, (_, i) => `model-${i}`);
const SOME = MODELS.slice(0, 50);
const REPLICAS = 3;
/** A table of Maglev's keeps nearly all in their places, where a modulus would keep a third. */
const MOST_MOVED = 0.01;
const SIDE_BY_SIDE = 8;
const POLL_MILLIS = 50;

type Places = ReadonlyMap<string, Replica>;

describe('Models behind consistent hashing', function () {
  this.timeout(IS_WHOLE ? 180_000 : 60_000);
  let folder = '';
  let replicas: readonly Replica[] = [];
  let balancer: RunningBalancer;
  let client: GrpcClient;
  let asked = 0;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-models-'));
    mkdirSync(join(folder, 'table', '1'), { recursive: true });
    writeFileSync(join(folder, 'table', '1', 'table.csv'), 'a,1\nb,2\n');
    writeFileSync(
      join(folder, 'table', '1', 'table.pbtxt'),
      'file: "table.csv" output { name: "y" column: "1" dtype: DT_FLOAT }',
    );
    const configs = MODELS.map(
      (name) => `config { name: "${name}" base_path: "${folder}/table" model_platform: "table" }\n`,
    );
    const config = join(folder, 'models.config');
    writeFileSync(config, `model_config_list {\n${configs.join('')}}\n`);
    replicas = await Replica.several(REPLICAS, [`--model_config_file=${config}`], folder);
    await Promise.all(replicas.map((replica) => replica.start()));
    balancer = await RunningBalancer.start(ENVOY, replicas, folder, { file: 'envoy/models.yaml' });
    await balancer.untilUp(REPLICAS);
    client = new GrpcClient(balancer.grpcAddress);
  });
  after(async () => {
    client.close();
    await balancer.stop();
    await Promise.all(replicas.map((replica) => replica.end()));
    rmSync(folder, { recursive: true });
  });

  async function askOverRest(model: string): Promise<void> {
    const url = `http://127.0.0.1:${balancer.restPort}/v1/models/${model}`;
    for (const path of [`${url}:predict`, `${url}/versions/1:predict`]) {
      const answer = await fetch(path, { method: 'POST', body: '{"instances": ["b"]}' });
      assert.deepEqual(await answer.json(), { predictions: [2] });
    }
  }

  async function askOverGrpc(model: string): Promise<void> {
    const keys = { dtype: 'DT_STRING', tensor_shape: {}, string_val: [Buffer.from('b')] };
    const request = encode('PredictRequest', { model_spec: { name: model }, inputs: { keys } });
    await client.raw(PREDICT, request, undefined, { 'x-model-name': model });
  }

  /** Resolves when the replicas' logs have all that was asked. */
  async function untilLogged(): Promise<void> {
    const logged = (): number => replicas.reduce((sum, replica) => sum + replica.requests, 0);
    while (logged() < asked) await delay(POLL_MILLIS);
  }

  /** Asks each of them three times, over both protocols. */
  async function ask(models: readonly string[]): Promise<void> {
    const left = [...models];
    const askOneByOne = async (): Promise<void> => {
      for (let model = left.pop(); model !== undefined; model = left.pop()) {
        await askOverRest(model);
        await askOverGrpc(model);
      }
    };
    await Promise.all(Array.from({ length: SIDE_BY_SIDE }, askOneByOne));
    asked += 3 * models.length;
  }

  /** Asks for each model, and finds where its requests went: all to one replica. */
  async function places(): Promise<Places> {
    await ask(SOME); // Envoy's workers hear of a replica a little later than its page
    await untilLogged();
    const before = replicas.map(({ accessLogBytes }) => accessLogBytes);
    await ask(MODELS);
    await untilLogged();
    const found = new Map<string, Replica>();
    for (const [i, replica] of replicas.entries()) {
      for (const model of new Set(replica.modelsSince(before[i] ?? 0))) {
        assert.ok(!found.has(model), `${model} went to two replicas`);
        found.set(model, replica);
      }
    }
    return found;
  }

  it('go to one replica each, and only those of one that has died go elsewhere', async () => {
    const whole = await places();
    assert.equal(whole.size, MODELS.length);
    assert.equal(new Set(whole.values()).size, REPLICAS);
    const [victim] = replicas as [Replica];
    await victim.kill();
    await ask(SOME); // at once: what was the dead one's is tried again elsewhere
    await balancer.untilUp(REPLICAS - 1);
    const without = await places();
    const staying = [...whole].filter(([, place]) => place !== victim);
    const moved = staying.filter(([model, place]) => without.get(model) !== place);
    console.log(`${moved.length} of ${staying.length} that could stay have moved`);
    assert.ok(moved.length <= MOST_MOVED * staying.length);
    const heirs = [...whole].filter(([, place]) => place === victim);
    assert.equal(new Set(heirs.map(([model]) => without.get(model))).size, REPLICAS - 1);
    await victim.start();
    await balancer.untilUp(REPLICAS);
    assert.deepEqual(await places(), whole);
  });
});

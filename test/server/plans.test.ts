/** Execution plans of a real server: what its flags do, and where it tells what was chosen. */
import assert from 'node:assert/strict';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { PrometheusPage } from '../wire/prometheus-parser.js';
import { runToEnd, ServerProcess } from '../wire/server-process.js';

const MLP = fileURLToPath(new URL('../../../examples/models/keras_mlp', import.meta.url));
const TABLE = fileURLToPath(new URL('../../../test/models/table', import.meta.url));
const RETRAINED = fileURLToPath(new URL('../../../test/models/retrained', import.meta.url));
const BODY = JSON.stringify({ instances: [Array.from({ length: 16 }, (_, i) => i / 16)] });

interface PlanLine {
  readonly plan: string;
  readonly reason: string;
  readonly times?: Record<string, number>;
  readonly fromCheckpoint?: boolean;
}

async function planOf(server: ServerProcess): Promise<PlanLine> {
  return JSON.parse(await server.lineWith('"msg":"execution plan"')) as PlanLine;
}

async function predictions(server: ServerProcess, body: string): Promise<number[][]> {
  const reply = await fetch(`${server.restUrl}/v1/models/m:predict`, { method: 'POST', body });
  assert.equal(reply.status, 200);
  return ((await reply.json()) as { predictions: number[][] }).predictions;
}

describe('Execution plans over the wire', function () {
  this.timeout(60_000);
  let folder: string;
  const servers: ServerProcess[] = [];
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-plans-'));
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });
  afterEach(async () => {
    for (const { code } of await Promise.all(servers.splice(0).map((server) => server.stop()))) {
      assert.equal(code, 0);
    }
  });

  async function started(model: string, ...flags: string[]): Promise<ServerProcess> {
    const server = await ServerProcess.start('m', model, ...flags);
    servers.push(server);
    return server;
  }

  it('a frozen model answers as the saved one', async () => {
    const saved = await started(MLP, '--plan=as-saved');
    const frozen = await started(MLP, '--plan=frozen');
    assert.equal((await planOf(saved)).plan, 'as-saved');
    const line = await planOf(frozen);
    assert.match(line.plan, /^frozen/);
    assert.ok('as-saved' in (line.times ?? {}) && 'frozen' in (line.times ?? {}));
    const [expected, given] = [await predictions(saved, BODY), await predictions(frozen, BODY)];
    assert.equal(given.length, expected.length);
    for (const [i, value] of (expected[0] ?? []).entries()) {
      const difference = Math.abs((given[0]?.[i] ?? NaN) - value);
      assert.ok(difference <= 1e-4 * Math.abs(value) + 1e-6, `${given[0]?.[i]} for ${value}`);
    }
  });

  it('is told by the status command, the admin API and the metrics', async () => {
    const config = join(folder, 'monitoring.config');
    writeFileSync(config, 'prometheus_config { enable: true }\n');
    const server = await started(
      MLP,
      '--plan=frozen',
      '--enable_admin_api',
      `--monitoring_config_file=${config}`,
    );
    const to = `--server=${server.grpcAddress}`;
    const { plan } = await planOf(server);
    const { stdout } = await runToEnd(['status', 'm', to]);
    assert.match(stdout, new RegExp(`^MODEL +VERSION +STATE +PLAN .*\nm +1 +AVAILABLE +${plan} `));
    const json = (await runToEnd(['status', 'm', '--json', to])).stdout;
    const [told] = (JSON.parse(json) as { models: { versions: { plan: object }[] }[] }).models;
    assert.deepEqual(Object.keys(told?.versions[0]?.plan ?? {}).slice(0, 2), [
      'plan',
      'caller_thread',
    ]);
    const page = await fetch(`${server.restUrl}/monitoring/prometheus/metrics`);
    const metrics = new PrometheusPage(await page.text());
    const threads = plan.endsWith('/pool') ? 'pool' : 'caller';
    const labels = `model_name="m",version="1",plan="frozen",threads="${threads}"`;
    assert.deepEqual(metrics.all(':tensorgate:plan'), { [labels]: 1 });
    assert.ok(Object.keys(metrics.all(':tensorgate:plan_trial_microseconds')).length >= 2);
  });

  it('is as saved, with the reason, where nothing else can be', async () => {
    const table = await started(TABLE, '--plan=frozen');
    const { plan, reason } = await planOf(table);
    assert.equal(plan, 'as-saved');
    assert.equal(reason, 'it cannot be frozen: it uses LookupTableFindV2');
    assert.deepEqual(await predictions(table, '{"instances": ["two", "four"]}'), [20, -10]);
    const open = await started(MLP, '--plan=frozen', '--enable_session_run');
    assert.match((await planOf(open)).reason, /^--enable_session_run lets clients name any node/);
  });

  it('is kept in --plan_cache_dir, where whatever is no such file is passed over', async () => {
    const cache = join(folder, 'cache');
    const flags = ['--plan=frozen', `--plan_cache_dir=${cache}`];
    const first = await planOf(await started(MLP, ...flags));
    assert.equal(first.reason, 'asked for');
    const [file = ''] = readdirSync(cache);
    const second = await planOf(await started(MLP, ...flags));
    assert.equal(second.reason, "an earlier trial's choice");
    assert.equal(second.plan, first.plan);
    assert.equal(second.times, undefined);
    writeFileSync(join(cache, file), '{"tensorgate_plan"');
    assert.equal((await planOf(await started(MLP, ...flags))).reason, 'asked for');
    assert.deepEqual(readdirSync(cache), [file]);
  });

  it('is taken over by a version that has other weights and no other graph', async () => {
    const base = join(folder, 'retrained');
    const add = (version: string): void => {
      cpSync(join(RETRAINED, version), join(folder, `new-${version}`), { recursive: true });
      mkdirSync(base, { recursive: true });
      renameSync(join(folder, `new-${version}`), join(base, version));
    };
    add('1');
    const server = await started(base, '--plan=frozen');
    assert.equal((await planOf(server)).reason, 'asked for');
    const body = JSON.stringify({ instances: [Array(8).fill(1), Array(8).fill(-1)] });
    const before = await predictions(server, body);
    add('2');
    const line = await server.lineWith('that of version 1, which has the same graph');
    const { plan, times, fromCheckpoint } = JSON.parse(line) as PlanLine;
    assert.match(plan, /^frozen/);
    assert.equal(times, undefined);
    assert.equal(fromCheckpoint, true);
    await server.lineWith('"msg":"unloaded"');
    const batched = server.log.split('\n').filter((each) => each.includes('which signatures'));
    assert.deepEqual(
      batched.map((each) => (JSON.parse(each) as { batched: string[] }).batched),
      [['serving_default'], ['serving_default']], // the second by the proof of the first
    );
    const saved = await started(base, '--plan=as-saved');
    const [given, expected] = [await predictions(server, body), await predictions(saved, body)];
    assert.notDeepEqual(given, before);
    for (const [i, value] of given.flat().entries()) {
      const wanted = expected.flat()[i] ?? NaN;
      assert.ok(Math.abs(value - wanted) <= 1e-4 * Math.max(1, Math.abs(wanted)), `${value}`);
    }
  });

  it('may not answer NaN in another way with --plan_keeps_nan', async () => {
    const nan = JSON.stringify({ instances: [Array(16).fill('NaN')] }).replaceAll('"NaN"', 'NaN');
    const saved = await started(MLP, '--plan=as-saved');
    const kept = await started(MLP, '--plan=frozen', '--plan_keeps_nan');
    const answer = async (server: ServerProcess): Promise<string> => {
      const url = `${server.restUrl}/v1/models/m:predict`;
      return (await fetch(url, { method: 'POST', body: nan })).text();
    };
    assert.equal(await answer(kept), await answer(saved));
  });

  it('compiled by XLA, gets batches of few sizes', async () => {
    const cache = join(folder, 'compiled');
    const config = join(folder, 'compiled.config');
    writeFileSync(config, 'prometheus_config { enable: true }\n');
    const flags = ['--plan=frozen+xla', `--plan_cache_dir=${cache}`];
    const tried = await started(MLP, ...flags);
    const [file = ''] = readdirSync(cache);
    const choice = { tensorgate_plan: 1, plan: 'frozen+xla', caller_thread: true };
    writeFileSync(join(cache, file), JSON.stringify(choice)); // whatever was the fastest here
    const server = await started(MLP, ...flags, `--monitoring_config_file=${config}`);
    assert.equal((await planOf(server)).plan, 'frozen+xla');
    const [row] = (JSON.parse(BODY) as { instances: number[][] }).instances;
    const body = JSON.stringify({ instances: [row, row, row] });
    const [expected = [], ...same] = await predictions(tried, body);
    assert.equal(same.length, 2);
    for (const answer of await predictions(server, body)) {
      for (const [i, value] of answer.entries()) {
        assert.ok(Math.abs(value - (expected[i] ?? NaN)) < 1e-4, `${value} for ${expected[i]}`);
      }
    }
    const page = await fetch(`${server.restUrl}/monitoring/prometheus/metrics`);
    const metrics = new PrometheusPage(await page.text());
    const queue = { model_name: 'm', signature_name: 'serving_default' };
    assert.equal(metrics.value(':tensorgate:batching_batch_size_sum', queue), 4);
    assert.equal(metrics.value(':tensorgate:batching_padding_row_count', queue), 1);
  });

  it('is refused under a name that there is not', async () => {
    const { code, stderr } = await runToEnd(['--plan=molten', '--model_base_path=/nowhere']);
    assert.equal(code, 255);
    assert.match(stderr, /plan/);
  });
});

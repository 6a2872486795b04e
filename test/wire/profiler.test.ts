/** tensorflow.ProfilerService: what it has of the runs that are made meanwhile, and what it refuses. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { floats, GrpcClient, type RpcError } from './grpc-client.js';
import {
  countsOf,
  encoded,
  profile,
  PROFILER_SERVICE,
  terminate,
  xspaceOf,
  type ProfileReply,
} from './profiler-client.js';
import { reflected } from './reflected.js';
import { ServerProcess } from './server-process.js';

const CODE = { invalidArgument: 3, notFound: 5, alreadyExists: 6, unimplemented: 12 };
const LONG = 300_000;
const path = (folder: string): string =>
  fileURLToPath(new URL(`../../../examples/models/${folder}`, import.meta.url));

describe('ProfilerService', function () {
  this.timeout(60_000);
  let folder: string;
  let server: ServerProcess;
  let client: GrpcClient;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-profiler-'));
    const file = join(folder, 'models.config');
    const entry = (name: string, base: string): string =>
      `config { name: "${name}" base_path: "${path(base)}" model_platform: "tensorflow" }`;
    // keras_mlp is executed frozen, half_plus_two as it was saved.
    const entries = [entry('half', 'half_plus_two'), entry('mlp', 'keras_mlp')];
    writeFileSync(file, `model_config_list { ${entries.join('\n')} }`);
    server = await ServerProcess.startWith(
      `--model_config_file=${file}`,
      ...['--io_threads=2', '--enable_batching', '--plan=frozen'],
    );
    client = new GrpcClient(server.grpcAddress);
  });
  after(() => {
    client.close();
    rmSync(folder, { recursive: true });
  });

  async function post(model: string, instances: readonly unknown[]): Promise<string> {
    const reply = await fetch(`${server.restUrl}/v1/models/${model}:predict`, {
      method: 'POST',
      body: JSON.stringify({ instances }),
      headers: { connection: 'close' }, // whichever I/O thread takes it
    });
    assert.equal(reply.status, 200);
    return reply.text();
  }
  const HALF = [1, 2, 5];
  const MLP = [Array<number>(16).fill(0.5)];

  /** Sends requests of both models until the work is done; tells what they were answered. */
  async function amidRequests<T>(work: Promise<T>): Promise<{ result: T; answers: Set<string> }> {
    const answers = new Set<string>();
    let isOver = false;
    const over = work.finally(() => {
      isOver = true;
    });
    over.catch(() => undefined);
    while (!isOver) {
      await client.predict({ model_spec: { name: 'half' }, inputs: { x: floats(1) } });
      for (const answer of await Promise.all([
        post('half', HALF),
        post('half', HALF),
        post('mlp', MLP),
      ])) {
        answers.add(answer);
      }
    }
    return { result: await over, answers };
  }

  /** One that is under way, since no other is taken. */
  async function underWay(session_id: string): Promise<{ readonly reply: Promise<ProfileReply> }> {
    const reply = profile(client, { session_id, opts: { duration_ms: LONG } });
    reply.catch(() => undefined);
    for (;;) {
      const other = await profile(client, { duration_ms: 1 }).catch((error: unknown) => error);
      const { code, details } = other as { code?: number; details?: string };
      if (code === undefined) continue; // it came first
      assert.equal(code, CODE.alreadyExists);
      assert.equal(details, 'Another profiling session active.');
      return { reply };
    }
  }

  it('has the ops of all models, and changes no answer', async () => {
    const expected = new Set([await post('half', HALF), await post('mlp', MLP)]);
    const { result, answers } = await amidRequests(
      profile(client, { opts: { duration_ms: 1500 }, max_events: 1_000_000 }),
    );
    assert.deepEqual(answers, expected);
    assert.equal(result.tool_data?.[0]?.name, 'xplane.pb');
    const space = xspaceOf(result);
    assert.equal(space.warnings, undefined);
    const counts = countsOf(space);
    const runs = counts.get('SessionRun half/1') ?? 0;
    assert.ok(runs > 0);
    assert.equal(counts.get('y:AddV2'), runs);
    assert.ok((counts.get('SessionRun mlp/1') ?? 0) > 0);
    assert.ok(
      [...counts.keys()].some((name) => /:\w*MatMul/.test(name)),
      [...counts].join(),
    );
    for (const { lines: ofPlane = [] } of space.planes) {
      for (const { offset_ps = 0, duration_ps = 0 } of ofPlane.flatMap(({ events }) => events)) {
        assert.ok(offset_ps >= 0 && duration_ps >= 0 && offset_ps + duration_ps < 60e12);
      }
    }
  });

  it('has every run of all I/O threads and protocols', async () => {
    const { reply } = await underWay('all');
    for (let i = 0; i < 20; ++i) await post('half', HALF);
    const own = new GrpcClient(server.grpcAddress);
    await own.predict({ model_spec: { name: 'half' }, inputs: { x: floats(1) } });
    own.close();
    await terminate(client, 'all');
    assert.equal(countsOf(xspaceOf(await reply)).get('SessionRun half/1'), 21);
  });

  it('has one model alone where it is asked so, as XSpace where it is asked so', async () => {
    const opts = {
      duration_ms: 500,
      advanced_configuration: { tensorgate_model: { string_value: 'mlp' } },
    };
    const { result } = await amidRequests(profile(client, { opts, emit_xspace: true }));
    assert.equal(result.tool_data, undefined);
    assert.ok(result.xspace);
    const runs = [...countsOf(result.xspace).keys()].filter((name) =>
      name.startsWith('SessionRun '),
    );
    assert.deepEqual(runs, ['SessionRun mlp/1']);
  });

  it('has no more events than were asked for, and says what it left out', async () => {
    const { result } = await amidRequests(profile(client, { duration_ms: 500, max_events: 9 }));
    const { warnings = [] } = xspaceOf(result);
    assert.match(warnings[0] ?? '', /^The profile was full: [1-9]\d* later runs are not in it\.$/);
  });

  it('says when nothing has run', async () => {
    assert.deepEqual(await profile(client, { duration_ms: 50 }), { empty_trace: true });
  });

  it('is one at a time, and ends when it is terminated', async () => {
    const { reply } = await underWay('one');
    await terminate(client, 'another');
    await post('half', HALF);
    await terminate(client, 'one');
    assert.equal(countsOf(xspaceOf(await reply)).get('SessionRun half/1'), 1);
  });

  it('ends with the deadline of its client', async () => {
    const request = encoded('ProfileRequest', { duration_ms: LONG });
    await assert.rejects(client.raw(`/${PROFILER_SERVICE}/Profile`, request, 200), { code: 4 });
    let isOpen = true;
    while (isOpen) {
      const other = await profile(client, { duration_ms: 1 }).catch((error: RpcError) => error);
      isOpen = 'code' in other && other.code === CODE.alreadyExists;
    }
  });

  for (const [what, request, code, details] of [
    [
      'a duration beyond the most',
      { opts: { duration_ms: LONG + 1 } },
      CODE.invalidArgument,
      /^duration_ms must be from 1 to 300000 milliseconds, got 300001$/,
    ],
    [
      'a duration of centuries',
      { opts: { duration_ms: '18446744073709551615' } },
      CODE.invalidArgument,
      /^duration_ms must be/,
    ],
    ['no duration', {}, CODE.invalidArgument, /^duration_ms must be .*, got 0$/],
    [
      'a start in another year',
      { opts: { duration_ms: 1, start_timestamp_ns: '9223372036854775807' } },
      CODE.invalidArgument,
      /^opts.start_timestamp_ns must be .* ahead, got \d+/,
    ],
    [
      'a model that is not there',
      {
        opts: {
          duration_ms: 1,
          advanced_configuration: { tensorgate_model: { string_value: 'a\u0000"b' } },
        },
      },
      CODE.notFound,
      /^No model is named "a\\u0000\\"b"$/,
    ],
  ] as const) {
    it(`refuses ${what}`, () =>
      assert.rejects(profile(client, request), (error: { code: number; details: string }) => {
        assert.equal(error.code, code);
        assert.match(error.details, details);
        return true;
      }));
  }

  it('refuses bytes that are no request', async () => {
    for (const method of ['Profile', 'Terminate']) {
      await assert.rejects(client.raw(`/${PROFILER_SERVICE}/${method}`, Buffer.from('\xff\xff')), {
        code: CODE.invalidArgument,
        details: `The request is not a ${method}Request`,
      });
    }
  });

  it('offers no Monitor, which is of TPUs', () =>
    assert.rejects(
      client.raw(`/${PROFILER_SERVICE}/Monitor`, encoded('MonitorRequest', { duration_ms: 1 })),
      (error: { code: number; details: string }) =>
        error.code === CODE.unimplemented && error.details.startsWith('Monitor is of TPUs alone'),
    ));

  it('is found by reflection', async () => {
    const { services, declares } = await reflected(
      server.grpcAddress,
      'tensorflow.profiler.XSpace',
    );
    assert.ok(services.includes(PROFILER_SERVICE));
    assert.ok(declares);
  });

  it('is answered with what it has when the server stops', async () => {
    const { reply } = await underWay('last');
    await post('half', HALF);
    const stopped = server.stop();
    assert.equal(countsOf(xspaceOf(await reply)).get('SessionRun half/1'), 1);
    assert.equal((await stopped).code, 0);
  });
});

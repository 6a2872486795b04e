import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';

import { addon } from '../../src/native/addon.js';
import {
  dropTask,
  runBatch,
  type BatchOptions,
  type Slice,
  type Task,
} from '../../src/native/batch.js';
import { BatchOutcome, NoRows, type NativeBatchReport } from '../../src/native/binding.js';
import type { SavedModel } from '../../src/native/saved-model.js';
import { Method } from '../../src/native/values.js';
import { ServingError, StatusCode } from '../../src/status/serving-error.js';
import { demoModel, load, nothingAlive, slowBody, testModel } from './models.js';

const PLAIN: BatchOptions = { padTo: 0, padVariableLength: false, timeoutMillis: 0, strict: true };

type Reply = string | Uint8Array;

/** A request as the two transports send it. */
interface Request {
  readonly method: Method;
  readonly body: Buffer;
  readonly isJson: boolean;
}

interface Held {
  readonly task: Task;
  readonly answer: Promise<Reply>;
}

function json(values: unknown, method: Method = Method.predict): Request {
  return { method, body: Buffer.from(JSON.stringify(values)), isJson: true };
}

/** Field `number` of a message, length-delimited. */
function field(number: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const length: number[] = [];
  for (let left = content.length; ; left >>>= 7) {
    length.push(left > 127 ? (left & 127) | 128 : left);
    if (left <= 127) break;
  }
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), content]);
}

/** A PredictRequest with floats for x, in one dimension. */
function protoPredict(values: readonly number[]): Request {
  const shape = field(2, field(2, Buffer.from([0x08, values.length])));
  const floats = field(5, Buffer.from(new Float32Array(values).buffer));
  const tensor = Buffer.concat([Buffer.from([0x08, 1]), shape, floats]);
  const body = field(2, field(1, Buffer.from('x')), field(2, tensor));
  return { method: Method.predict, body, isJson: false };
}

function alone(model: SavedModel, { method, body, isJson }: Request): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const done = (error: ServingError | null, reply: Reply | null): void => {
      if (error === null) resolve(reply as Reply);
      else reject(error);
    };
    if (isJson) model.inferJson(method, body, 0, done);
    else model.inferProto(method, body, 0, false, done);
  });
}

/** Resolves with the pending task; rejects when the request does not become one. */
function prepare(model: SavedModel, { method, body, isJson }: Request): Promise<Held> {
  return new Promise((resolve, reject) => {
    let answered: (error: ServingError | null, reply: Reply | null) => void;
    const answer = new Promise<Reply>((resolveAnswer, rejectAnswer) => {
      answered = (error, reply) => {
        if (error === null) resolveAnswer(reply as Reply);
        else rejectAnswer(error);
      };
    });
    answer.catch(reject);
    const done = (error: ServingError | null, reply: Reply | null): void => answered(error, reply);
    const onTask = (task: Task): void => resolve({ task, answer });
    if (isJson) model.prepareJson(method, body, done, onTask);
    else model.prepareProto(method, body, false, done, onTask);
  });
}

function run(
  tasks: readonly Task[],
  options: Partial<BatchOptions> = {},
  slices: readonly Slice[] | null = null,
): Promise<NativeBatchReport> {
  return new Promise((resolve, reject) => {
    runBatch(tasks, slices, { ...PLAIN, ...options }, (error, report) => {
      if (error === null) resolve(report as NativeBatchReport);
      else reject(error);
    });
  });
}

/** The answers in one batch, as settled, and its report. */
async function together(
  model: SavedModel,
  requests: readonly Request[],
  options: Partial<BatchOptions> = {},
): Promise<{ report: NativeBatchReport; answers: PromiseSettledResult<Reply>[] }> {
  const pending = await Promise.all(requests.map((request) => prepare(model, request)));
  const tasks = pending.map(({ task }) => task);
  const settled = Promise.allSettled(pending.map(({ answer }) => answer));
  return { report: await run(tasks, options), answers: await settled };
}

async function expectSameAsAlone(
  model: SavedModel,
  requests: readonly Request[],
  options: Partial<BatchOptions> = {},
): Promise<NativeBatchReport> {
  const { report, answers } = await together(model, requests, options);
  const expected = await Promise.allSettled(requests.map((request) => alone(model, request)));
  assert.deepEqual(answers, expected);
  return report;
}

function fails(code: StatusCode, message: string | RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ServingError, String(error));
    assert.equal(error.code, code);
    if (typeof message === 'string') assert.equal(error.message, message);
    else assert.match(error.message, message);
    return true;
  };
}

describe('A batch', () => {
  let half: SavedModel;
  before(async () => {
    half = await load(demoModel('half_plus_two'));
  });
  after(async () => {
    await half.unload();
    await nothingAlive();
  });
  afterEach(() => {
    assert.equal(addon().counters().pendingTasks, 0);
    assert.equal(addon().counters().inputTensors, 0);
  });

  for (const count of [1, 2, 3, 32]) {
    it(`of ${count} answers each byte for byte as it would be alone`, async () => {
      const values = Array.from({ length: count }, (_, i) =>
        Array.from({ length: 1 + (i % 3) }, (_, j) => i + j / 2),
      );
      const rows = values.flat().length;
      const inJson = await expectSameAsAlone(
        half,
        values.map((instances) => json({ instances })),
      );
      assert.deepEqual(inJson.slice(1), [rows, rows, BatchOutcome.ran]);
      assert.ok(inJson[0] > 0);
      const inProto = await expectSameAsAlone(half, values.map(protoPredict));
      assert.deepEqual(inProto.slice(1), [rows, rows, BatchOutcome.ran]);
    });
  }

  it('answers REST and gRPC in the form of each', async () => {
    const report = await expectSameAsAlone(half, [
      json({ instances: [1, 2] }),
      protoPredict([3]),
      json({ inputs: { x: [4] } }),
    ]);
    assert.equal(report[1], 4);
  });

  it('reports in the turn of the answers, and before them', async () => {
    const pending = await prepare(half, json({ instances: [1] }));
    const seen: string[] = [];
    const answered = pending.answer.then(() => seen.push('answer'));
    const reported = run([pending.task]).then(() => seen.push('report'));
    await Promise.all([answered, reported]);
    assert.deepEqual(seen, ['report', 'answer']);
  });

  it('fails only the request at fault', async () => {
    const model = await load(testModel('failing'));
    const report = await expectSameAsAlone(model, [
      json({ instances: [1] }),
      json({ instances: [0] }),
      json({ instances: [4, 5] }),
    ]);
    assert.deepEqual(report.slice(1), [4, 4, BatchOutcome.retried]);
    await model.unload();
  });

  it('runs classify and regress', async () => {
    const model = await load(testModel('half_plus_family', 123));
    for (const [method, signature_name] of [
      [Method.classify, 'classify_x_to_y'],
      [Method.regress, 'regress_x_to_y'],
    ] as const) {
      const report = await expectSameAsAlone(model, [
        json({ signature_name, examples: [{ x: 1.5 }] }, method),
        json({ signature_name, examples: [{ x: 2.5 }, { x: -3.5 }] }, method),
      ]);
      assert.deepEqual(report.slice(1), [3, 3, BatchOutcome.ran]);
    }
    await model.unload();
  });

  it('fills up to padTo rows, which nobody sees', async () => {
    const requests = [json({ instances: [1, 2] }), json({ instances: [3] })];
    const report = await expectSameAsAlone(half, requests, { padTo: 8 });
    assert.deepEqual(report.slice(1), [3, 8, BatchOutcome.ran]);
  });

  it('pads rows of different lengths with the first element of each', async () => {
    const model = await load(testModel('identity'));
    const rows = (instances: unknown): Request =>
      json({ signature_name: 'identity_string', instances });
    const { report, answers } = await together(model, [rows([['a', 'b']]), rows([['c'], ['d']])], {
      padVariableLength: true,
    });
    assert.deepEqual(report.slice(1), [3, 3, BatchOutcome.ran]);
    const expected = [
      rows([['a', 'b']]),
      rows([
        ['c', 'c'],
        ['d', 'c'],
      ]),
    ];
    assert.deepEqual(answers, await Promise.allSettled(expected.map((each) => alone(model, each))));
    await model.unload();
  });

  it('runs tasks of other models and shapes alone', async () => {
    const model = await load(testModel('identity'));
    const pending = await Promise.all([
      prepare(half, json({ instances: [1] })),
      prepare(model, json({ instances: [[1, 2]] })),
      prepare(half, json({ instances: [5] })),
    ]);
    assert.deepEqual((await run(pending.map(({ task }) => task))).slice(1), [
      2,
      2,
      BatchOutcome.ran,
    ]);
    assert.deepEqual(await Promise.all(pending.map(({ answer }) => answer)), [
      await alone(half, json({ instances: [1] })),
      await alone(model, json({ instances: [[1, 2]] })),
      await alone(half, json({ instances: [5] })),
    ]);
    await model.unload();
  });

  it('refuses outputs that it cannot split where strict, and else runs each alone', async () => {
    const model = await load(testModel('odd_outputs'));
    const sum = (inputs: number[]): Request => json({ signature_name: 'scalar', inputs });
    const requests = [sum([1, 2]), sum([3])];
    const { report, answers } = await together(model, requests);
    assert.equal(report[3], BatchOutcome.ran);
    for (const answer of answers) {
      assert.ok(answer.status === 'rejected');
      fails(
        StatusCode.FAILED_PRECONDITION,
        'Batched output tensor has 0 dimensions',
      )(answer.reason);
    }
    const relaxed = await expectSameAsAlone(model, requests, { strict: false });
    assert.deepEqual(relaxed.slice(1), [3, 3, BatchOutcome.unmergeable]);
    await model.unload();
  });

  const large = json({ instances: Array.from({ length: 50_000 }, (_, i) => i) });

  it('decodes large bodies off the event loop, and merges them', async () => {
    assert.ok(large.body.length > addon().decodeOnLoopBytes);
    const report = await expectSameAsAlone(half, [large, json({ instances: [1] }), large]);
    assert.deepEqual(report.slice(1), [100_001, 100_001, BatchOutcome.ran]);
  });

  it('needs a large body no more once it is decoded', async () => {
    const body = new Uint8Array(large.body).buffer;
    const { task } = await new Promise<{ task: Task }>((resolve, reject) => {
      half.prepareJson(Method.predict, body, reject, (prepared) => resolve({ task: prepared }));
    });
    assert.equal(body.byteLength, 0);
    dropTask(task, StatusCode.CANCELLED);
  });

  it('decodes large bodies while all run threads are busy, so that the next batch has them', async () => {
    const model = await load(testModel('slow'));
    const busy = Array.from({ length: 2 * availableParallelism() }, () =>
      alone(model, { method: Method.predict, body: Buffer.from(slowBody(500)), isJson: true }),
    );
    const pending = prepare(half, large);
    const first = await Promise.race([...busy, pending.then(() => 'decoded')]);
    assert.equal(first, 'decoded');
    dropTask((await pending).task, StatusCode.CANCELLED);
    await Promise.all(busy);
    await model.unload();
  });

  it('ends tasks whose deadline passed before the run began', async () => {
    const model = await load(testModel('slow'));
    const busy = Array.from({ length: 2 * availableParallelism() }, () =>
      alone(model, { method: Method.predict, body: Buffer.from(slowBody(50)), isJson: true }),
    );
    const { report, answers } = await together(
      half,
      [json({ instances: [1] }), json({ instances: [2] })],
      { timeoutMillis: 1 },
    );
    assert.deepEqual(report, [0, 0, 0, BatchOutcome.ran]);
    for (const answer of answers) {
      assert.ok(answer.status === 'rejected');
      fails(StatusCode.DEADLINE_EXCEEDED, 'Timed out waiting for notification')(answer.reason);
    }
    await Promise.all(busy);
    await model.unload();
  });

  it('runs a task in slices, and answers when the last is done', async () => {
    const request = json({ instances: [1, 2, 3, 4, 5] });
    const { task, answer } = await prepare(half, request);
    const other = await prepare(half, json({ instances: [9] }));
    const reports = await Promise.all([
      run([task], {}, [{ begin: 0, count: 2 }]),
      run([other.task, task], { padTo: 4 }, [
        { begin: 0, count: 1 },
        { begin: 2, count: 2 },
      ]),
      run([task], {}, [{ begin: 4, count: 1 }]),
    ]);
    assert.deepEqual(
      reports.map((report) => report.slice(1)),
      [
        [2, 2, BatchOutcome.ran],
        [3, 4, BatchOutcome.ran],
        [1, 1, BatchOutcome.ran],
      ],
    );
    assert.equal(await answer, await alone(half, request));
    assert.equal(await other.answer, await alone(half, json({ instances: [9] })));
  });

  it('fails a task once when a slice of it fails', async () => {
    const model = await load(testModel('failing'));
    const { task, answer } = await prepare(model, json({ instances: [1, 0, 3] }));
    const failed = assert.rejects(answer, fails(StatusCode.INVALID_ARGUMENT, /division by zero/));
    for (const begin of [0, 1, 2]) await run([task], {}, [{ begin, count: 1 }]);
    await failed;
    await model.unload();
  });
});

describe('A pending task', () => {
  let half: SavedModel;
  before(async () => {
    half = await load(demoModel('half_plus_two'));
  });
  after(async () => {
    await half.unload();
    await nothingAlive();
  });

  it('has keys that say who may share a run', async () => {
    const [{ task: first }, { task: second }] = await Promise.all([
      prepare(half, json({ instances: [1] })),
      prepare(half, protoPredict([1, 2])),
    ]);
    assert.equal(first.queueKey, second.queueKey);
    assert.equal(first.shapeKey, second.shapeKey);
    assert.equal(first.rankKey, second.rankKey);
    assert.deepEqual([first.rows, second.rows], [1, 2]);
    for (const key of [first.queueKey, first.shapeKey, first.rankKey]) {
      assert.ok(Number.isSafeInteger(key) && key >= 0);
    }
    assert.equal(addon().counters().pendingTasks, 2);
    assert.equal(addon().counters().inputTensors, 2);
    dropTask(first, StatusCode.CANCELLED);
    dropTask(second, StatusCode.CANCELLED);
  });

  it('is gone when it is dropped, and its slot is free', async () => {
    const { task } = await prepare(half, json({ instances: [1] }));
    dropTask(task, StatusCode.CANCELLED);
    assert.equal(addon().counters().pendingTasks, 0);
    assert.equal(addon().counters().inputTensors, 0);
    const next = await prepare(half, json({ instances: [2] }));
    assert.equal(next.task.slot, task.slot);
    assert.notEqual(next.task.id, task.id);
    dropTask(next.task, StatusCode.CANCELLED);
  });

  it('is not answered when it is dropped between its slices', async () => {
    const { task } = await prepare(half, json({ instances: [1, 2] }));
    await run([task], {}, [{ begin: 0, count: 1 }]);
    assert.equal(addon().counters().pendingTasks, 1);
    dropTask(task, StatusCode.CANCELLED);
    assert.equal(addon().counters().pendingTasks, 0);
    assert.equal(addon().counters().inputTensors, 0);
  });

  it('says why it has no rows', async () => {
    const counter = await load(testModel('counter'));
    const rowsOf = async (request: Request): Promise<number> => {
      const { task } = await prepare(counter, request);
      dropTask(task, StatusCode.CANCELLED);
      return task.rows;
    };
    const body = field(1, field(3, Buffer.from('get_counter')));
    const getCounter = { method: Method.predict, body, isJson: false };
    assert.equal(await rowsOf(getCounter), NoRows.noInputs);
    const byScalar = json({ signature_name: 'incr_counter_by', inputs: 1 });
    assert.equal(await rowsOf(byScalar), NoRows.scalarInput);
    await counter.unload();
  });

  it('does not come of a body with an error, small or large', async () => {
    const broken = (size: number): Request => ({
      method: Method.predict,
      body: Buffer.from(`{"instances": [${'1, '.repeat(size)}`),
      isJson: true,
    });
    for (const request of [broken(1), broken(50_000)]) {
      const error = await alone(half, request).catch((reason: unknown) => reason as ServingError);
      assert.ok(error instanceof ServingError);
      await assert.rejects(prepare(half, request), fails(error.code, error.message));
    }
  });

  it('is a bug of the caller to use twice, or not in its order', async () => {
    const bug = /^TypeError: /;
    const [a, b] = await Promise.all([
      prepare(half, json({ instances: [1, 2, 3] })),
      prepare(half, json({ instances: [4] })),
    ]);
    const wrong: (readonly [readonly Task[], readonly Slice[] | null])[] = [
      [[b.task, a.task, b.task], null],
      [[a.task], [{ begin: 1, count: 1 }]],
      [[a.task], [{ begin: 0, count: 0 }]],
      [[a.task], [{ begin: 0, count: 4 }]],
      [[a.task, b.task], [{ begin: 0, count: 1 }]],
      [[a.task, { ...b.task, id: 999_999 }], null],
      [[], null],
    ];
    for (const [tasks, slices] of wrong) {
      await assert.rejects(run(tasks, {}, slices), (error: unknown) => {
        assert.ok(error instanceof ServingError);
        assert.equal(error.code, StatusCode.INTERNAL);
        return bug.test(String(error.cause));
      });
    }
    await run([a.task], {}, [{ begin: 0, count: 1 }]);
    await assert.rejects(run([a.task], {}, null));
    await run([a.task], {}, [{ begin: 1, count: 2 }]);
    await run([b.task]);
    assert.equal(await a.answer, await alone(half, json({ instances: [1, 2, 3] })));
    await b.answer;
    assert.throws(() => dropTask(a.task, StatusCode.CANCELLED), TypeError);
  });

  it('keeps its model until it is run or dropped', async () => {
    const model = await load(demoModel('half_plus_two'));
    const kept = await prepare(model, json({ instances: [1] }));
    const dropped = await prepare(model, json({ instances: [1] }));
    let isUnloaded = false;
    const unloaded = model.unload().then(() => {
      isUnloaded = true;
    });
    await run([kept.task]);
    await kept.answer;
    assert.equal(isUnloaded, false);
    dropTask(dropped.task, StatusCode.CANCELLED);
    await unloaded;
  });
});

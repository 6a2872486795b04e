/** Plugin threads, whatever the plugin in them does; with test/plugins/probe.mjs. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Loader } from '../../src/core/loader.js';
import type { Log } from '../../src/log/log.js';
import type { InferenceModel } from '../../src/native/inference-model.js';
import {
  dropTensors,
  holdTensors,
  readTensors,
  type TensorSet,
} from '../../src/native/tensor-sets.js';
import { PluginPlatform } from '../../src/plugins/plugin-platform.js';
import { PluginThreads } from '../../src/plugins/plugin-threads.js';
import { ServingError, StatusCode } from '../../src/status/serving-error.js';
import { nothingAlive } from './models.js';

const PROBE = 'test/plugins/probe.mjs';
const FLOAT = 1;
const STRING = 7;
const never = new AbortController().signal;

const logged: string[] = [];
const log = Object.fromEntries(
  ['debug', 'info', 'warn', 'error'].map((level) => [
    level,
    (...given: unknown[]) => void logged.push(given.map((each) => JSON.stringify(each)).join(' ')),
  ]),
) as unknown as Log;

async function untilLogged(text: string): Promise<void> {
  while (!logged.some((line) => line.includes(text))) await new Promise((r) => setTimeout(r, 5));
}

function startThreads(count: number, hangGraceMillis = 300): Promise<PluginThreads> {
  return PluginThreads.start({
    files: PROBE,
    count,
    heapMegabytes: 48,
    capacity: 8,
    hangGraceMillis,
    log,
  });
}

describe('Plugin threads', function () {
  this.timeout(60_000);
  let folder: string;
  let threads: PluginThreads;
  const models: { readonly loader: Loader<InferenceModel>; readonly model: InferenceModel }[] = [];

  function addVersion(name: string, ...files: string[]): string {
    const path = join(folder, name);
    mkdirSync(path);
    for (const file of ['version.txt', ...files]) writeFileSync(join(path, file), '');
    return path;
  }

  async function load(path: string, name = 'm', version = 2n): Promise<InferenceModel> {
    const loader = new PluginPlatform('probe', threads).loaderFor({ name, version }, path);
    const model = await loader.load(never);
    models.push({ loader, model });
    return model;
  }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-plugins-'));
    logged.length = 0;
  });
  afterEach(async () => {
    for (const { loader, model } of models.splice(0)) await loader.unload(model);
    await threads.end();
    rmSync(folder, { recursive: true });
    await nothingAlive();
  });

  function infer(
    model: InferenceModel,
    set: TensorSet,
    { signature = '', as = 'x', timeoutMillis = 0 } = {},
  ): Promise<TensorSet> {
    const request = { signature, inputs: [{ set, name: 'in', as }], outputs: [] };
    return new Promise((resolve, reject) => {
      model.inferTensors(request, timeoutMillis, (error, value) => {
        dropTensors(set);
        if (error === null) resolve(value as TensorSet);
        else reject(error);
      });
    });
  }

  function floats(values: Float32Array<ArrayBuffer>): TensorSet {
    const data = values.buffer;
    return holdTensors([{ name: 'in', dtype: FLOAT, shape: [values.length], data }]);
  }

  async function plus(model: InferenceModel, ...values: number[]): Promise<number[]> {
    const set = await infer(model, floats(Float32Array.from(values)));
    const [tensor] = readTensors(set);
    const answer = [...new Float32Array(tensor?.data as ArrayBuffer)];
    dropTensors(set);
    return answer;
  }

  async function odd(model: InferenceModel, what: string, timeoutMillis = 0): Promise<void> {
    const set = holdTensors([{ name: 'in', dtype: STRING, shape: [], data: [what] }]);
    dropTensors(await infer(model, set, { signature: 'odd', as: 'what', timeoutMillis }));
  }

  const failsAs = (code: StatusCode, text: RegExp) => (error: unknown) => {
    assert.ok(error instanceof ServingError);
    assert.equal(error.code, code, error.message);
    assert.match(error.message, text);
    return true;
  };

  it('runs versions in several threads, on memory of the addon', async () => {
    threads = await startThreads(2);
    const first = await load(addVersion('1'), 'm', 1n);
    const second = await load(addVersion('2'), 'm', 2n);
    assert.deepEqual(await Promise.all([plus(first, 1, 2), plus(second, 1)]), [[101, 102], [201]]);
    const many = new Float32Array(1 << 20).fill(0.5);
    const set = await infer(first, floats(many));
    const [tensor] = readTensors(set);
    const answer = new Float32Array(tensor?.data as ArrayBuffer);
    assert.deepEqual([answer.length, answer.at(0), answer.at(-1)], [1 << 20, 100.5, 100.5]);
    dropTensors(set);
  });

  it('answers what is thrown with the name of the plugin, and logs where', async () => {
    threads = await startThreads(1);
    const model = await load(addVersion('1'));
    const { INTERNAL, FAILED_PRECONDITION, INVALID_ARGUMENT } = StatusCode;
    await assert.rejects(
      odd(model, 'throw'),
      failsAs(INTERNAL, /^plugin "prober" failed: a bug in it$/),
    );
    assert.ok(logged.some((line) => line.includes('a run of m:2') && line.includes('probe.mjs:')));
    await assert.rejects(odd(model, 'refuse'), failsAs(FAILED_PRECONDITION, /^not today$/));
    const wrong = (given: string, alias = 'y'): RegExp =>
      new RegExp(
        `^plugin "prober": output "${alias}" of signature "odd": expected DT_FLOAT \\[-1\\], got ${given}$`,
      );
    await assert.rejects(odd(model, 'name'), failsAs(INTERNAL, wrong('undefined', 'z')));
    await assert.rejects(odd(model, 'dtype'), failsAs(INTERNAL, wrong('DT_INT32 \\[1\\]')));
    await assert.rejects(odd(model, 'shape'), failsAs(INTERNAL, wrong('DT_FLOAT \\[1,1\\]')));
    await assert.rejects(
      odd(model, 'length'),
      failsAs(INTERNAL, wrong('1 elements of shape \\[2\\], which has 2')),
    );
    await assert.rejects(
      odd(model, 'data'),
      failsAs(INTERNAL, wrong('as data Array, which must be Float32Array')),
    );
    const set = holdTensors([
      { name: 'in', dtype: FLOAT, shape: [1, 1], data: new ArrayBuffer(4) },
    ]);
    await assert.rejects(
      infer(model, set),
      failsAs(INVALID_ARGUMENT, /^input "x" of .*expected DT_FLOAT \[-1\], got DT_FLOAT/),
    );
    await odd(model, 'well');
  });

  it('tells why a version cannot be loaded', async () => {
    threads = await startThreads(1);
    const message = /^plugin "prober" failed: it is not to be loaded$/;
    const path = addVersion('1', 'refused');
    await assert.rejects(load(path), failsAs(StatusCode.INTERNAL, message));
  });

  it('answers at the deadline what waits, and goes on in the same thread', async () => {
    threads = await startThreads(1);
    const model = await load(addVersion('1'));
    await assert.rejects(
      odd(model, 'wait', 20),
      failsAs(StatusCode.DEADLINE_EXCEEDED, /Timed out/),
    );
    assert.deepEqual(await plus(model, 1), [201]);
    assert.deepEqual(
      logged.filter((line) => line.includes('plugin thread')),
      [],
    );
  });

  it('replaces a thread that hangs, and fails only what it held', async () => {
    threads = await startThreads(2);
    const model = await load(addVersion('1'));
    const other = await load(addVersion('2'), 'other');
    const hung = odd(model, 'hang', 20);
    const behind = plus(model, 1);
    await assert.rejects(hung, failsAs(StatusCode.DEADLINE_EXCEEDED, /Timed out/));
    assert.deepEqual(await plus(other, 1), [201]);
    await assert.rejects(behind, failsAs(StatusCode.UNAVAILABLE, /has ended/));
    assert.ok(logged.some((line) => line.includes('did not turn any more in a run of m:2')));
    assert.deepEqual(await plus(model, 1), [201], 'it is loaded again');
  });

  it('replaces a thread that ends: by itself, by an error, for want of memory', async () => {
    threads = await startThreads(1);
    const model = await load(addVersion('1'));
    for (const [what, reason] of [
      ['exit', 'exit code 3'],
      ['later', 'after its answer'],
      ['leak', 'memory limit'],
    ] as const) {
      await assert.rejects(odd(model, what), failsAs(StatusCode.UNAVAILABLE, /has ended/));
      await untilLogged(reason);
      assert.deepEqual(await plus(model, 1), [201]);
    }
  });

  it('answers with the reason where a version is not loaded again', async () => {
    threads = await startThreads(1);
    const fragile = await load(addVersion('1', 'fragile'), 'fragile');
    const sturdy = await load(addVersion('2'));
    await assert.rejects(odd(sturdy, 'exit'), failsAs(StatusCode.UNAVAILABLE, /has ended/));
    const why = /^not loaded again: plugin "prober" failed: it was fragile$/;
    await assert.rejects(plus(fragile, 1), failsAs(StatusCode.INTERNAL, why));
    assert.deepEqual(await plus(sturdy, 1), [201]);
  });

  it('holds no more calls than it may', async () => {
    threads = await startThreads(1);
    const model = await load(addVersion('1'));
    const held = Array.from({ length: 8 }, () => odd(model, 'wait', 100));
    await assert.rejects(plus(model, 1), failsAs(StatusCode.UNAVAILABLE, /8 calls/));
    assert.ok((await Promise.allSettled(held)).every(({ status }) => status === 'rejected'));
    let answer: number[] | null = null;
    while (answer === null) {
      await new Promise((resolve) => setTimeout(resolve, 5)); // the thread tells back
      answer = await plus(model, 1).catch(() => null);
    }
    assert.deepEqual(answer, [201]);
  });

  it('refuses modules that are no plugins', async () => {
    threads = await startThreads(1); // which afterEach ends
    const refused = (name: string, text: string, why: RegExp): Promise<void> => {
      const file = join(folder, name);
      writeFileSync(file, text);
      const options = { files: `${PROBE},${file}`, count: 2, heapMegabytes: 48, capacity: 8, log };
      const all = new RegExp(`^--plugins: ${file}: ${why.source}`);
      return assert.rejects(
        PluginThreads.start(options),
        failsAs(StatusCode.INVALID_ARGUMENT, all),
      );
    };
    await refused('broken.mjs', 'export default {', /Unexpected/);
    await refused('none.mjs', 'export const a = 1;', /expected a plugin as default export/);
    await refused('ends.mjs', 'process.exit(7)', /exit code 7/).catch(() => undefined);
    const platform = (name: string): string =>
      `export default { name: "other", platforms: { ${name}: { load() {} } } };`;
    await refused(
      'clash.mjs',
      platform('probe'),
      /platforms: probe is one of plugin prober's already/,
    );
    await refused(
      'empty.mjs',
      'export default { name: "e", platforms: {} }',
      /expected platforms or hooks or sources or policies, got none/,
    );
  });
});

/** Choices that are kept in a folder, and files there that are none. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Log } from '../../../src/log/log.js';
import { PlanCache } from '../../../src/servables/plan-cache.js';

describe('The cache of plans', () => {
  let folder: string;
  let model: string;
  let warnings: string[];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-plans-'));
    model = join(folder, 'model');
    mkdirSync(join(model, 'variables'), { recursive: true });
    writeFileSync(join(model, 'saved_model.pb'), 'graph');
    writeFileSync(join(model, 'variables', 'variables.index'), 'index');
    warnings = [];
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function cacheIn(name: string, ...circumstances: string[]): PlanCache {
    const log = { warn: (_: object, text: string) => warnings.push(text) } as unknown as Log;
    return new PlanCache(join(folder, name), () => circumstances, log);
  }

  it('gives back what was written, and leaves nothing else behind', async () => {
    const cache = cacheIn('cache');
    const file = await cache.fileOf(model);
    assert.equal(await cache.read(file), null);
    await cache.write(file, { plan: 'frozen+xla', callerThread: false });
    assert.deepEqual(await cache.read(file), { plan: 'frozen+xla', callerThread: false });
    await cache.write(file, { plan: 'frozen', callerThread: true });
    assert.deepEqual(await cache.read(file), { plan: 'frozen', callerThread: true });
    assert.equal(readdirSync(join(folder, 'cache')).length, 1);
  });

  it('has a file for each graph, weights, warm-up and circumstances', async () => {
    const files = [await cacheIn('cache', 'a', 'b').fileOf(model)];
    files.push(await cacheIn('cache', 'ab').fileOf(model));
    for (const name of ['saved_model.pb', 'variables/variables.index']) {
      writeFileSync(join(model, name), 'another');
      files.push(await cacheIn('cache', 'a', 'b').fileOf(model));
    }
    mkdirSync(join(model, 'assets.extra'));
    writeFileSync(join(model, 'assets.extra', 'tf_serving_warmup_requests'), '');
    files.push(await cacheIn('cache', 'a', 'b').fileOf(model));
    assert.equal(new Set(files).size, files.length);
    assert.equal(await cacheIn('cache', 'a', 'b').fileOf(model), files.at(-1));
  });

  it('passes over what is no such file', async () => {
    const cache = cacheIn('cache');
    const file = await cache.fileOf(model);
    mkdirSync(join(folder, 'cache'));
    const good = '{"tensorgate_plan":1,"plan":"frozen","caller_thread":true}';
    for (const text of [
      '',
      good.slice(0, -1),
      '[]',
      'null',
      good.replace(':1', ':2'),
      good.replace('frozen', 'molten'),
      good.replace('true', '"yes"'),
      good + ' '.repeat(5000),
    ]) {
      writeFileSync(file, text);
      assert.equal(await cache.read(file), null, text.slice(0, 80));
    }
    rmSync(file);
    mkdirSync(file);
    assert.equal(await cache.read(file), null);
  });

  it('tells where it cannot write, and goes on', async () => {
    writeFileSync(join(folder, 'taken'), '');
    const cache = cacheIn('taken');
    await cache.write(await cache.fileOf(model), { plan: 'frozen', callerThread: true });
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /^plan not kept: /);
  });
});

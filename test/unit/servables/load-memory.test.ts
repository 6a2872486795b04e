/** Estimates of fake version folders, and loads against a fake amount of memory. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { LoadMemory } from '../../../src/servables/load-memory.js';
import { estimateLoadBytes } from '../../../src/servables/memory-estimate.js';
import { ServingError, StatusCode } from '../../../src/status/serving-error.js';

const ID = { name: 'm', version: 3n };

describe('Memory of a load', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-estimate-'));
    mkdirSync(join(folder, 'variables'));
    writeFileSync(join(folder, 'saved_model.pb'), Buffer.alloc(400));
    writeFileSync(join(folder, 'variables', 'data'), Buffer.alloc(600));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function memoryOf(bytes: number): LoadMemory {
    return new LoadMemory(() => Promise.resolve({ bytes, source: 'the test' }));
  }

  it('is 1.2 times the size of all files', async () => {
    assert.equal(await estimateLoadBytes(folder), 1200);
  });

  it('is nothing for a folder that is not there', async () => {
    assert.equal(await estimateLoadBytes(join(folder, 'nope')), 0);
  });

  it('follows links, and ends where they lead in circles', async () => {
    symlinkSync(join(folder, 'saved_model.pb'), join(folder, 'link'));
    assert.equal(await estimateLoadBytes(folder), 1680);
    symlinkSync(folder, join(folder, 'variables', 'up'));
    assert.ok((await estimateLoadBytes(folder, 50)) > 1680);
  });

  it('is refused where it does not fit, with what is needed and what there is', async () => {
    await assert.rejects(memoryOf(1199).reserve(ID, folder), (error: ServingError) => {
      assert.equal(error.code, StatusCode.RESOURCE_EXHAUSTED);
      assert.equal(error.message, 'Insufficient resources to load servable {name: m version: 3}');
      const [violation] = error.violations;
      assert.match(violation?.description ?? '', /1200 bytes .* 0 reserved .* 1199 .* the test/);
      return true;
    });
  });

  it('grows where there is room for more, which refuses no load, and gives it back', async () => {
    const memory = memoryOf(1200 * 4);
    const first = await memory.reserve(ID, folder);
    assert.equal(await first.grow(4), false);
    assert.equal(await first.grow(3), true);
    const second = await memory.reserve(ID, folder);
    assert.equal(await second.grow(1), false);
    first.release();
    assert.equal(await second.grow(3), true);
    second.release();
    assert.equal(await (await memory.reserve(ID, folder)).grow(3), true);
  });

  it('counts the loads in progress, until they are over', async () => {
    const memory = memoryOf(2400);
    const first = await memory.reserve(ID, folder);
    const second = await memory.reserve(ID, folder);
    await assert.rejects(memory.reserve(ID, folder), ServingError);
    first.release();
    const third = await memory.reserve(ID, folder);
    second.release();
    third.release();
  });

  it('lets one of two loads begin that fit only alone, when both are checked at once', async () => {
    const memory = memoryOf(1500);
    const both = await Promise.allSettled([memory.reserve(ID, folder), memory.reserve(ID, folder)]);
    assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  });
});

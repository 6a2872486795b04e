/** --inline_run_micros: a run that is known to be short need not wait for the run pool. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { slowBody } from '../integration/models.js';
import { ServerProcess } from './server-process.js';

const path = (folder: string): string =>
  fileURLToPath(new URL(`../../../${folder}`, import.meta.url));

const MODELS = `model_config_list {
  config { name: 'quick' base_path: '${path('examples/models/half_plus_two')}' model_platform: 'tensorflow' }
  config { name: 'slow' base_path: '${path('test/models/slow')}' model_platform: 'tensorflow' }
}`;

/** More than it takes to learn that a model is quick. */
const LEARNING_RUNS = 200;
/** How long the slow run takes, of which the quick ones come after its beginning. */
const SLOW_MILLIS = 2_000;
const SLOW_BEGINS_MILLIS = 500;

describe('A short run', function () {
  this.timeout(60_000);
  let folder: string;
  let server: ServerProcess;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-wire-'));
    writeFileSync(join(folder, 'models.config'), MODELS);
  });
  afterEach(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  async function predict(model: string, body: string): Promise<string> {
    const target = `${server.restUrl}/v1/models/${model}:predict`;
    const response = await fetch(target, { method: 'POST', body });
    assert.equal(response.status, 200);
    return (await response.text()).replace(/\s/g, '');
  }

  /** What the slow model takes SLOW_MILLIS for on this machine. */
  async function longBody(): Promise<string> {
    const tried = 2_000;
    const began = performance.now();
    await predict('slow', slowBody(tried));
    return slowBody(Math.ceil((tried * SLOW_MILLIS) / (performance.now() - began)));
  }

  /** With one thread in the run pool: which of the two models answers first. */
  async function firstAnswer(inlineRunMicros: number): Promise<string> {
    server = await ServerProcess.startWith(
      `--model_config_file=${join(folder, 'models.config')}`,
      '--run_pool_threads=1',
      `--inline_run_micros=${inlineRunMicros}`,
    );
    const quickly = '{"predictions":[2.5,3.0]}';
    for (let i = 0; i < LEARNING_RUNS; ++i) {
      assert.equal(await predict('quick', '{"instances": [1.0, 2.0]}'), quickly);
    }
    const body = await longBody();
    let first = '';
    const slow = predict('slow', body).then(() => (first ||= 'slow'));
    // Quick ones that come before it say nothing.
    await delay(SLOW_BEGINS_MILLIS);
    assert.equal(await predict('quick', '{"instances": [1.0, 2.0]}'), quickly);
    first ||= 'quick';
    await slow;
    return first;
  }

  it('is done by the event loop while the run pool is busy', async () => {
    assert.equal(await firstAnswer(100_000), 'quick');
  });

  it('waits for the run pool with --inline_run_micros=0', async () => {
    assert.equal(await firstAnswer(0), 'slow');
  });

  it('that fails is answered like any other', async () => {
    server = await ServerProcess.start(
      'm',
      path('test/models/failing'),
      '--inline_run_micros=100000',
    );
    for (let i = 0; i < LEARNING_RUNS; ++i) await predict('m', '{"inputs": [1]}');
    const target = `${server.restUrl}/v1/models/m:predict`;
    const response = await fetch(target, { method: 'POST', body: '{"inputs": [0]}' });
    assert.equal(response.status, 400);
  });
});

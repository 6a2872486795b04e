import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

import { addon } from '../../src/native/addon.js';
import { dropTask, type Task } from '../../src/native/batch.js';
import type { LoadedModel } from '../../src/native/saved-model.js';
import { Method } from '../../src/native/values.js';
import { StatusCode } from '../../src/status/serving-error.js';
import { openVinoLibrary } from '../wire/openvino.js';
import { demoModel, load, nothingAlive, predictJson, testModel } from './models.js';

/** Runs worker-body.js with a task; resolves with its exit code, rejects with its error. */
function inWorker(
  task: string,
  path: string,
  onMessage?: (worker: Worker) => void,
  loaded?: LoadedModel,
  openVino?: string,
): Promise<number> {
  const body = fileURLToPath(new URL('./worker-body.js', import.meta.url));
  const worker = new Worker(body, { workerData: { task, path, loaded, openVino } });
  return new Promise((resolve, reject) => {
    worker.on('error', reject);
    worker.on('exit', resolve);
    worker.on('message', () => onMessage?.(worker));
  });
}

describe('The addon in worker threads', () => {
  afterEach(nothingAlive);

  it('serves two environments at once and tears one down cleanly', async () => {
    const model = await load(demoModel('half_plus_two'));
    const exits = await Promise.all([
      inWorker('predict', demoModel('half_plus_two')),
      inWorker('predict', demoModel('half_plus_two')),
    ]);
    assert.deepEqual(exits, [0, 0]);
    assert.match(await predictJson(model, '{"instances": [2.0]}'), /3\.0/);
    await model.unload();
  });

  it('serves and ends environments whose models OpenVINO runs', async function () {
    this.timeout(60_000);
    const library = openVinoLibrary();
    if (library === null) {
      Object.assign(this.test ?? {}, { skipReason: 'OpenVINO cannot be had' });
      this.skip();
    }
    const path = demoModel('half_plus_two');
    const exits = await Promise.all([
      inWorker('predict', path, undefined, undefined, library),
      inWorker('predict', path, undefined, undefined, library),
      inWorker('exit-compiling', path, undefined, undefined, library),
    ]);
    assert.deepEqual(exits, [0, 0, 7]);
  });

  it('waits for the runs of an environment that is terminated in their midst', async () => {
    const exit = await inWorker('terminate', testModel('slow'), (worker) => {
      void worker.terminate();
    });
    assert.equal(exit, 1);
  });

  it('ends an environment that exits in the turn in which it submitted a run', async () => {
    assert.equal(await inWorker('exit', testModel('slow')), 3);
  });

  it('ends an environment that holds tasks, decoded or about to be', async () => {
    assert.equal(await inWorker('exit-holding', demoModel('half_plus_two')), 4);
  });

  it('ends an environment whose request waits for a task that another holds', async () => {
    addon().configureCaches([{ name: 'm', maxBytes: 1 << 20, ttlMillis: 0, key: [] }]);
    const model = await load(demoModel('half_plus_two'));
    const pending: Task[] = [];
    const body = Buffer.from('{"instances": [1.0]}');
    model.prepareJson(
      Method.predict,
      body,
      () => undefined,
      (task) => pending.push(task),
    );
    assert.equal(pending.length, 1);
    assert.equal(await inWorker('exit-waiting', '', undefined, model.loaded), 6);
    assert.deepEqual(addon().cacheCounts().slice(0, 5), ['m', '1', 0, 1, 1]);
    for (const task of pending) dropTask(task, StatusCode.CANCELLED);
    await model.unload();
    addon().configureCaches([]);
  });
});

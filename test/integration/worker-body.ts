/** What worker-threads.test.ts and profiling.test.ts run in a worker thread. */
import { parentPort, workerData } from 'node:worker_threads';

import { addon } from '../../src/native/addon.js';
import { SavedModel, type LoadedModel } from '../../src/native/saved-model.js';
import { Method } from '../../src/native/values.js';
import { load, loadForOpenVino, predictJson, slowBody } from './models.js';

const { task, path, loaded, openVino } = workerData as {
  task: string;
  path: string;
  loaded?: LoadedModel;
  openVino?: string;
};
const loading = openVino === undefined ? load : (of: string) => loadForOpenVino(of, openVino);
const model = loaded === undefined ? await loading(path) : SavedModel.attached(loaded);
if (task === 'predict') {
  for (let i = 0; i < 100; ++i) await predictJson(model, '{"instances": [1.0]}');
  await model.unload();
} else if (task === 'exit') {
  // In the turn of the submission: nothing has woken the run pool yet, and nothing will.
  void predictJson(model, slowBody(100));
  void model.unload();
  process.exit(3);
} else if (task === 'exit-compiling') {
  // The second request of a shape has it compiled.
  for (let i = 0; i < 2; ++i) await predictJson(model, '{"instances": [1.0, 2.0]}');
  void model.unload();
  process.exit(7);
} else if (task === 'exit-profiling') {
  addon().openProfile({ id: '', model: '', ops: 1, bytes: 1 });
  void model.unload();
  process.exit(5);
} else if (task === 'exit-holding') {
  // Tasks that nobody will run hold the model that the unload waits for.
  const ignore = (): void => undefined;
  const large = Buffer.from(`{"instances": [${'1.0, '.repeat(50_000)}1.0]}`);
  model.prepareJson(Method.predict, Buffer.from('{"instances": [1.0]}'), ignore, ignore);
  model.prepareJson(Method.predict, large, ignore, ignore);
  void model.unload();
  process.exit(4);
} else if (task === 'exit-waiting') {
  const ignore = (): void => undefined;
  model.prepareJson(Method.predict, Buffer.from('{"instances": [1.0]}'), ignore, ignore);
  process.exit(6);
} else {
  const running = predictJson(model, slowBody(100));
  const unloading = model.unload();
  parentPort?.postMessage('running');
  await Promise.all([running, unloading]);
}

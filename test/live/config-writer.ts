/**
 * A program that rewrites a configuration file without end, as the server itself does it, by the lists
 * of models in two other files in turn: node config-writer.js FILE ONE OTHER
 */
import { createLog } from '../../src/log/log.js';
import { ModelConfigFile } from '../../src/sources/model-config-file.js';

const [target, ...sources] = process.argv.slice(2).map(
  (path) =>
    new ModelConfigFile({
      path,
      pollWaitSeconds: 0,
      log: createLog('silent'),
      reload: () => Promise.resolve(),
    }),
);
const lists = await Promise.all(sources.map((source) => source.read()));
for (;;) {
  for (const list of lists) if (list.kind === 'models') await target?.write(list.models, true);
}

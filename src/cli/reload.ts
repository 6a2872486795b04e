/**
 * `tensorgate reload`: puts a model config file of this machine in force on a server, any that knows
 * upstream's interface; with --write_back it becomes the server's own file, too.
 */
import {
  modelServerConfigOf,
  modelServerConfigType,
  type ModelServerConfig,
} from '../config/model-config.js';
import { readTextProtoFile } from '../config/text-proto.js';
import { ServingError } from '../status/serving-error.js';
import type { Plain } from './client.js';
import { changed } from './changed.js';
import type { Command } from './command.js';
import { UsageError } from './usage-error.js';

export const reload: Command = {
  usage: ['reload FILE [--write_back]'],
  switches: ['write_back'],
  values: [],
  run: async (given, client) => {
    const [file = ''] = given.take(1, 1);
    const { plain, config } = await checked(file);
    if (given.has('write_back')) {
      return changed(client, await client.admin('SetConfig', { config: plain, write_back: true }));
    }
    await client.model('HandleReloadConfigRequest', { config: plain });
    const names = config.kind === 'models' ? config.models.map(({ name }) => name) : [];
    return {
      text: `reloaded: ${names.length === 0 ? 'no models' : names.join(', ')}\n`,
      json: { reloaded: names },
    };
  },
};

/** @throws UsageError with line, column and field of a mistake */
async function checked(file: string): Promise<{ plain: Plain; config: ModelServerConfig }> {
  try {
    const plain = await readTextProtoFile(modelServerConfigType(), file);
    return { plain, config: modelServerConfigOf(plain) };
  } catch (error) {
    const { message, violations } = ServingError.from(error);
    const where = violations.map(({ field, description }) => `\n${field}: ${description}`);
    throw new UsageError(message + where.join(''), { cause: error });
  }
}

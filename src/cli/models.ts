/** `tensorgate models`: adds a model, removes one, or looks for its versions now. */
import {
  modelMessageOf,
  singleModel,
  type ModelConfig,
  type VersionPolicy,
} from '../config/model-config.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import { versionOf, type Arguments } from './arguments.js';
import type { Client } from './client.js';
import { changed } from './changed.js';
import type { Command, Output } from './command.js';
import { UsageError } from './usage-error.js';

export const models: Command = {
  usage: [
    'models add MODEL BASE_PATH [--latest=N | --all | --versions=N,N…] [--replace] [--write_back]',
    'models remove MODEL [--write_back]',
    'models reload MODEL',
  ],
  switches: ['all', 'replace', 'write_back'],
  values: ['latest', 'versions'],
  run: async (given, client) => {
    const [action] = given.take(1, 3);
    if (action === 'add') return add(given, client);
    if (action === 'remove') return remove(given, client);
    if (action === 'reload') {
      const [, name = ''] = given.take(2, 2);
      return changed(client, await client.admin('ReloadModel', { name }));
    }
    throw new UsageError('models add, models remove, or models reload?');
  },
};

async function add(given: Arguments, client: Client): Promise<Output> {
  const [, name = '', basePath = ''] = given.take(3, 3);
  const config: ModelConfig = { ...singleModel(name, basePath), policy: policyOf(given) };
  if (!given.has('replace') && (await client.configured()).some((each) => each.name === name)) {
    throw new ServingError(
      StatusCode.ALREADY_EXISTS,
      `model ${name} is configured already; --replace replaces it`,
    );
  }
  const write_back = given.has('write_back');
  return changed(
    client,
    await client.admin('SetModel', { config: modelMessageOf(config), write_back }),
  );
}

async function remove(given: Arguments, client: Client): Promise<Output> {
  const [, name = ''] = given.take(2, 2);
  await client.admin('RemoveModel', { name, write_back: given.has('write_back') });
  return { text: `removed: ${name}\n`, json: { removed: [name] } };
}

/** @throws UsageError */
function policyOf(given: Arguments): VersionPolicy {
  const [latest, versions] = [given.value('latest'), given.value('versions')];
  const isAll = given.has('all');
  if ([latest !== null, versions !== null, isAll].filter(Boolean).length > 1) {
    throw new UsageError('only one of --latest, --all and --versions may be given');
  }
  if (isAll) return { kind: 'all' };
  if (versions !== null) return { kind: 'specific', versions: versions.split(',').map(versionOf) };
  const count = Number(versionOf(latest ?? '1'));
  if (count >= 1 && count < 2 ** 32) return { kind: 'latest', count };
  throw new UsageError(`--latest=${latest ?? ''} is no number of versions`);
}

/**
 * `tensorgate rollback`: serves the version before, or one that is named, and waits until it does. The
 * new version is loaded before the old one goes; where that fails, what was configured comes back.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { modelConfigOf, modelMessageOf, type ModelConfig } from '../config/model-config.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import { versionOf } from './arguments.js';
import type { Client, Plain } from './client.js';
import type { Command } from './command.js';
import { versionsOf, type VersionState } from './status.js';
import { UsageError } from './usage-error.js';

const POLL_MILLIS = 100;
/** For putting back what was configured, even when the time is up. */
const PUT_BACK_MILLIS = 5000;

interface Found {
  readonly config: ModelConfig;
  readonly versions: readonly VersionState[];
  /** On the server's disk, highest first. */
  readonly found: readonly bigint[];
}

export const rollback: Command = {
  usage: ['rollback MODEL [--to=VERSION] [--write_back]', 'rollback MODEL --undo [--write_back]'],
  switches: ['undo', 'write_back'],
  values: ['to'],
  run: async (given, client) => {
    const [name = ''] = given.take(1, 1);
    const [to, undo] = [given.value('to'), given.has('undo')];
    if (to !== null && undo) throw new UsageError('only one of --to and --undo may be given');
    const asked = to === null ? null : versionOf(to);
    const before = await look(client, name);
    const served = before.versions.find(({ state }) => state === 'AVAILABLE')?.version ?? null;
    const target = undo ? latestOf(before) : targetOf(before, served, asked);
    checkLabels(before.config, target);
    const policy: ModelConfig['policy'] = undo
      ? { kind: 'latest', count: 1 }
      : { kind: 'specific', versions: [target] };
    await moveTo(client, before, target, { ...before.config, policy }, given.has('write_back'));
    const was = served === null || served === target ? '' : `; it was version ${served}`;
    const pinned = undo
      ? 'It follows the latest version again.'
      : `It is pinned there until: tensorgate rollback ${name} --undo`;
    return {
      text: `${name}: version ${target} is AVAILABLE and serves${was}. ${pinned}\n`,
      json: { model: name, version: String(target), previous: served?.toString() ?? null },
    };
  },
};

async function look(client: Client, name: string): Promise<Found> {
  const reply = await client.admin('GetModel', { name });
  return {
    config: modelConfigOf((reply['config'] as Plain | undefined) ?? {}),
    found: (reply['found_versions'] as bigint[] | undefined) ?? [],
    versions: await versionsOf(client, name).catch(() => []), // none seen yet
  };
}

/** @throws ServingError FAILED_PRECONDITION when there is no such version */
export function targetOf(
  { config, found }: Pick<Found, 'config' | 'found'>,
  served: bigint | null,
  asked: bigint | null,
): bigint {
  const has = `${config.basePath} has: ${found.join(', ') || 'none'}`;
  if (asked !== null) {
    if (found.includes(asked)) return asked;
    return refuse(`model ${config.name} has no version ${asked} on disk; ${has}`);
  }
  if (served === null) return refuse(`model ${config.name} has no version AVAILABLE; use --to`);
  const previous = found.find((version) => version < served);
  return previous ?? refuse(`model ${config.name} has no version before ${served}; ${has}`);
}

function latestOf({ config, found }: Found): bigint {
  return found[0] ?? refuse(`${config.basePath} has no version of model ${config.name}`);
}

/** A label must not be left standing for a version that goes. @throws ServingError */
export function checkLabels({ name, labels }: ModelConfig, target: bigint): void {
  for (const [label, versions] of labels) {
    const other = [...versions.keys()].find((version) => version !== target);
    if (other === undefined) continue;
    refuse(
      `label ${label} of model ${name} stands for version ${other}, which would be unloaded; ` +
        `remove it first: tensorgate labels remove ${name} ${label}`,
    );
  }
}

async function moveTo(
  client: Client,
  before: Found,
  target: bigint,
  after: ModelConfig,
  write_back: boolean,
): Promise<void> {
  const [from, to] = [modelMessageOf(before.config), modelMessageOf(after)];
  // `expected`: what others have changed since it was asked for stays.
  await client.admin('SetModel', { config: to, expected: from, write_back });
  try {
    const hadFailed = before.versions.some(
      (each) => each.version === target && each.error !== null,
    );
    if (hadFailed) await client.admin('ReloadModel', { name: after.name }); // tries it again
    await untilAlone(client, after.name, target);
  } catch (error) {
    const { code, message } = ServingError.from(error);
    const back = { config: from, expected: to, write_back };
    const outcome = await client.admin('SetModel', back, PUT_BACK_MILLIS).then(
      () => 'what was configured before is in force again',
      (thrown: unknown) => `it could not be put back: ${ServingError.from(thrown).message}`,
    );
    throw new ServingError(code, `${message}; ${outcome}`);
  }
}

/** Resolves when the version is the one that serves. @throws ServingError when it failed to load */
async function untilAlone(client: Client, name: string, target: bigint): Promise<void> {
  while (Date.now() < client.deadline) {
    const versions = await versionsOf(client, name);
    const { state = '', error = null } = versions.find((each) => each.version === target) ?? {};
    const others = versions.filter(({ version }) => version !== target);
    const isAlone = !others.some((other) =>
      ['START', 'LOADING', 'AVAILABLE'].includes(other.state),
    );
    if (state === 'AVAILABLE' && isAlone) return;
    if (state === 'END' && error !== null) {
      refuse(`version ${target} of model ${name} failed to load: ${error.code}: ${error.message}`);
    }
    await sleep(POLL_MILLIS);
  }
  throw new ServingError(
    StatusCode.DEADLINE_EXCEEDED,
    `version ${target} of model ${name} does not serve yet (--timeout_seconds gives it longer)`,
  );
}

function refuse(message: string): never {
  throw new ServingError(StatusCode.FAILED_PRECONDITION, message);
}

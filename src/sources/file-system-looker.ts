/**
 * FileSystemLooker: which versions lie below a model's base path, and which of them the model's policy wants. A
 * version whose files are still changing is left out until they rest, one without a model as long as there is another.
 */
import { basename } from 'node:path';

import { localPath } from '../config/local-path.js';
import type { ModelConfig } from '../config/model-config.js';
import type { AspiredVersion } from '../core/source.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import { deeperModel, misplacedModel, readBasePath } from './base-path.js';
import type { ModelRoots } from './model-roots.js';
import type { Look, Looker, Resting } from './polled-source.js';
import {
  folderStateOf,
  versionsAmong,
  type FolderState,
  type VersionFolder,
} from './version-folders.js';
import { settledPolicy, wantedVersions, type Choose } from './version-policy.js';

export interface FileSystemLookerOptions {
  /** How long a version's files must have rested before it is taken. */
  readonly settleMillis: number;
  /** Where base paths and versions may lie. */
  readonly roots: ModelRoots;
  /** Whether a version's load has failed, even if only so far: it is taken again when its files change. */
  readonly hasFailed: (name: string, version: bigint) => boolean;
  readonly choose: Choose;
}

export class FileSystemLooker implements Looker {
  readonly #options: FileSystemLookerOptions;

  constructor(options: FileSystemLookerOptions) {
    this.#options = options;
  }

  /** @throws ServingError when the base path cannot be read, or can hold no version as it is */
  async look(
    config: ModelConfig,
    { aspired: known, resting }: Look,
    rescans: number,
  ): Promise<Look> {
    const aspired = new Map(known.map((each) => [each.version, each]));
    const basePath = localPath(config.basePath);
    const { roots } = this.#options;
    await roots.checkPath(basePath);
    const names = await readBasePath(basePath);
    const { versions, others } = versionsAmong(basePath, names);
    const misplaced =
      versions.length === 0 ? misplacedModel(basePath, names, config.platform) : null;
    if (misplaced !== null) throw misplaced;
    const notes = others.length === 0 ? [] : [skippedText(config, others, 'not a number')];
    const noModel: AspiredVersion[] = [];
    const lacks = new Map<string, string[]>();
    const stillResting = new Map<string, Resting>();
    const outside: string[] = [];
    const check = async (folder: VersionFolder): Promise<AspiredVersion | null> => {
      const refusal = await roots.refusalOf(folder.path);
      if (refusal !== null) {
        outside.push(refusal);
        return null;
      }
      const before = aspired.get(folder.version);
      const isKnown = before?.path === folder.path;
      if (isKnown && !this.#options.hasFailed(config.name, folder.version)) return before;
      const state = await folderStateOf(folder.path, config.platform).catch(() => null);
      if (state === null) return null;
      const rest = this.#restOf(state, resting.get(folder.path));
      if (rest !== null) {
        stillResting.set(folder.path, rest);
        return isKnown ? before : null;
      }
      const found = { ...folder, fingerprint: `${state.fingerprint}/${rescans}` };
      if (state.lack === null || isKnown) return found;
      noModel.push(found);
      lacks.set(state.lack, [...(lacks.get(state.lack) ?? []), basename(folder.path)]);
      return null;
    };
    const shadow = config.shadow?.version ?? null;
    const policy = await settledPolicy(config, versions, this.#options.choose);
    const found = await wantedVersions(policy, shadow, versions, check);
    let { wanted } = found;
    for (const version of found.missing) notes.push(missingText(config, version));
    if (found.isShadowMissing) notes.push(shadowMissingText(config));
    for (const refusal of outside) {
      notes.push(`Skipped a version of servable ${config.name}: ${refusal}`);
    }
    if (wanted.length === 0 && stillResting.size === 0 && noModel.length > 0) {
      // As upstream, so that the failed load shows why there is nothing to serve.
      ({ wanted } = await wantedVersions(policy, shadow, noModel, (folder) =>
        Promise.resolve(folder as AspiredVersion),
      ));
    } else {
      for (const [lack, names] of lacks) notes.push(skippedText(config, names, lack));
    }
    const isNothing = wanted.length === 0 && stillResting.size === 0;
    const trouble = !isNothing
      ? null
      : outside.length > 0
        ? new ServingError(StatusCode.PERMISSION_DENIED, outside[0] ?? '')
        : await noVersions(config, versions.length, others);
    const againMillis = stillResting.size > 0 ? this.#options.settleMillis : null;
    return { aspired: wanted, notes, trouble, resting: stillResting, againMillis };
  }

  /**
   * Null when the files have rested long enough. By the file system's clock, or by ours where that of a
   * remote file system is ahead.
   */
  #restOf({ changedMillis, fingerprint }: FolderState, before?: Resting): Resting | null {
    const { settleMillis } = this.#options;
    const now = Date.now();
    const sinceMillis = before?.fingerprint === fingerprint ? before.sinceMillis : now;
    const rested = Math.max(now - changedMillis, now - sinceMillis);
    return rested >= settleMillis ? null : { fingerprint, sinceMillis };
  }

  async found({ basePath }: ModelConfig): Promise<readonly bigint[]> {
    const path = localPath(basePath);
    await this.#options.roots.checkPath(path);
    return versionsAmong(path, await readBasePath(path)).versions.map(({ version }) => version);
  }

  troubleText({ name, basePath }: ModelConfig, error: ServingError): string {
    const what =
      error.code === StatusCode.NOT_FOUND
        ? `Could not find base path ${basePath} for servable ${name} with error `
        : `Cannot use base path ${basePath} for servable ${name}: `;
    return `FileSystemStoragePathSource encountered a filesystem access error: ${what}${error}`;
  }

  /** It remembers nothing. */
  forget(): void {}
}

function skippedText(config: ModelConfig, names: readonly string[], reason: string): string {
  const shown = names.slice(0, 10).join(', ') + (names.length > 10 ? ', …' : '');
  return `Skipped under base path ${config.basePath} of servable ${config.name}: ${shown} (${reason})`;
}

function missingText(config: ModelConfig, version: bigint): string {
  return (
    `Version ${version} of servable ${config.name}, which was requested to be served as a ` +
    "'specific' version in the servable's version policy, was not found in the file system"
  );
}

function shadowMissingText(config: ModelConfig): string {
  return `Shadow version ${config.shadow?.version} of servable ${config.name} was not found in the file system`;
}

/** Upstream's text, which is about names; `found` counts those that are right. */
async function noVersions(
  { name, basePath }: ModelConfig,
  found: number,
  others: readonly string[],
): Promise<ServingError> {
  const message =
    found > 0
      ? `No version of servable ${name} that its version policy wants is under base path ${basePath}`
      : `No versions of servable ${name} found under base path ${basePath}. ` +
        "Did you forget to name your leaf directory as a number (eg. '/1/')?" +
        (await deeperModel(localPath(basePath), others));
  return new ServingError(StatusCode.NOT_FOUND, message);
}

/**
 * FileSystemSource: which versions lie below each model's base path, looked at again and again, and
 * which of them the model's policy wants. A version whose files are still changing is left out until
 * they rest, one without a model as long as there is another.
 */
import { basename } from 'node:path';

import { localPath } from '../config/local-path.js';
import type { ModelConfig } from '../config/model-config.js';
import { timerMillis } from '../core/clock.js';
import type { AspiredVersion, Source, SourceListener } from '../core/source.js';
import type { Log } from '../log/log.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import { deeperModel, misplacedModel, readBasePath } from './base-path.js';
import type { ModelRoots } from './model-roots.js';
import {
  folderStateOf,
  versionsAmong,
  type FolderState,
  type VersionFolder,
} from './version-folders.js';
import { wantedVersions } from './version-policy.js';

export interface FileSystemSourceOptions {
  /** 0: look once, and once after each `configure`. Negative: never look. */
  readonly pollWaitSeconds: number;
  /** How long a version's files must have rested before it is taken. */
  readonly settleMillis: number;
  /** Where base paths and versions may lie. */
  readonly roots: ModelRoots;
  readonly log: Log;
  /** Whether a version's load has failed, even if only so far: it is taken again when its files change. */
  readonly hasFailed: (name: string, version: bigint) => boolean;
}

/** What the source remembers of a model between two looks. */
interface Monitored {
  config: ModelConfig;
  /** The last set reported, by version. */
  aspired: ReadonlyMap<bigint, AspiredVersion>;
  /** Versions not taken yet, by path: what they looked like, and since when they do. */
  resting: ReadonlyMap<string, Resting>;
  /** Counts the looks; the findings of one that was overtaken are dropped. */
  turn: number;
  timer: NodeJS.Timeout | null;
  /** Counts the rescans: a version that failed before the last one is tried again. */
  rescans: number;
  /** Troubles told, so that a lasting one is told once rather than every second. */
  told: ReadonlySet<string>;
}

interface Resting {
  readonly fingerprint: string;
  readonly sinceMillis: number;
}

/** One look's findings. */
interface Look {
  readonly aspired: AspiredVersion[];
  /** Worth telling, though the model may serve. */
  readonly notes: readonly string[];
  /** Why nothing is wanted that is there. */
  readonly trouble: ServingError | null;
  /** What is still being written: worth looking again soon. */
  readonly resting: ReadonlyMap<string, Resting>;
}

export class FileSystemSource implements Source {
  readonly #options: FileSystemSourceOptions;
  readonly #models = new Map<string, Monitored>();
  #listener: SourceListener | null = null;
  #closed = false;

  constructor(options: FileSystemSourceOptions) {
    this.#options = options;
  }

  start(listener: SourceListener): void {
    this.#listener = listener;
    for (const model of this.#models.values()) void this.#poll(model);
  }

  configure(models: readonly ModelConfig[]): void {
    const names = new Set(models.map(({ name }) => name));
    for (const [name, model] of this.#models) {
      if (names.has(name)) continue;
      this.#models.delete(name);
      if (model.timer !== null) clearTimeout(model.timer);
      this.#listener?.aspire(name, []);
      this.#listener?.troubled(name, null);
    }
    for (const config of models) {
      let model = this.#models.get(config.name);
      if (model === undefined) {
        model = newlyMonitored(config);
        this.#models.set(config.name, model);
      }
      model.config = config;
      if (this.#listener !== null) void this.#poll(model);
    }
  }

  async rescan(name: string): Promise<void> {
    const model = this.#models.get(name);
    if (model === undefined || this.#listener === null) return;
    ++model.rescans;
    await this.#poll(model, true);
  }

  async found(name: string): Promise<readonly bigint[]> {
    const model = this.#models.get(name);
    if (model === undefined) return [];
    const path = localPath(model.config.basePath);
    await this.#options.roots.checkPath(path);
    return versionsAmong(path, await readBasePath(path)).versions.map(({ version }) => version);
  }

  close(): void {
    this.#closed = true;
    for (const { timer } of this.#models.values()) if (timer !== null) clearTimeout(timer);
  }

  /** `asked`: even where the model is never to be looked at by itself. */
  async #poll(model: Monitored, asked = false): Promise<void> {
    const { config } = model;
    const waitSeconds = config.pollWaitSeconds ?? this.#options.pollWaitSeconds;
    if (waitSeconds < 0 && !asked) return;
    if (model.timer !== null) clearTimeout(model.timer);
    const turn = ++model.turn;
    const isOvertaken = (): boolean =>
      this.#closed || model.turn !== turn || this.#models.get(config.name) !== model;
    // Upstream changes no model in a round with an error; here the other models go on.
    const look = await this.#look(model).catch((error: unknown) => ServingError.from(error));
    if (isOvertaken()) return;
    const unsettled = !(look instanceof ServingError) && look.resting.size > 0;
    if (look instanceof ServingError) {
      this.#listener?.troubled(config.name, look);
      this.#tell(model, [inaccessibleText(config, look)]);
    } else {
      model.aspired = new Map(look.aspired.map((each) => [each.version, each]));
      model.resting = look.resting;
      this.#listener?.aspire(config.name, look.aspired);
      this.#listener?.troubled(config.name, look.trouble);
      this.#tell(model, look.trouble === null ? look.notes : [...look.notes, look.trouble.message]);
    }
    if (waitSeconds <= 0 && !unsettled) return;
    const waitMillis = waitSeconds <= 0 ? Infinity : waitSeconds * 1000;
    const { settleMillis } = this.#options;
    model.timer = setTimeout(
      () => void this.#poll(model, asked),
      timerMillis(unsettled ? Math.min(waitMillis, settleMillis) : waitMillis),
    );
  }

  /** @throws ServingError when the base path cannot be read, or can hold no version as it is */
  async #look({ config, aspired, resting, rescans }: Monitored): Promise<Look> {
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
    const found = await wantedVersions(config.policy, shadow, versions, check);
    let { wanted } = found;
    for (const version of found.missing) notes.push(missingText(config, version));
    if (found.isShadowMissing) notes.push(shadowMissingText(config));
    for (const refusal of outside) {
      notes.push(`Skipped a version of servable ${config.name}: ${refusal}`);
    }
    if (wanted.length === 0 && stillResting.size === 0 && noModel.length > 0) {
      // As upstream, so that the failed load shows why there is nothing to serve.
      ({ wanted } = await wantedVersions(config.policy, shadow, noModel, (folder) =>
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
    return { aspired: wanted, notes, trouble, resting: stillResting };
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

  #tell(model: Monitored, troubles: readonly string[]): void {
    for (const trouble of troubles) {
      if (!model.told.has(trouble)) this.#options.log.warn(trouble);
    }
    model.told = new Set(troubles);
  }
}

function newlyMonitored(config: ModelConfig): Monitored {
  return {
    config,
    aspired: new Map(),
    resting: new Map(),
    turn: 0,
    timer: null,
    rescans: 0,
    told: new Set(),
  };
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

function inaccessibleText({ name, basePath }: ModelConfig, error: ServingError): string {
  const what =
    error.code === StatusCode.NOT_FOUND
      ? `Could not find base path ${basePath} for servable ${name} with error `
      : `Cannot use base path ${basePath} for servable ${name}: `;
  return `FileSystemStoragePathSource encountered a filesystem access error: ${what}${error}`;
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

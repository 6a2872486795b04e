/**
 * FileSystemSource: which versions lie below each model's base path, looked at again and again, and
 * which of them the model's policy wants. A version whose files are still changing is left out until
 * they rest, one without a model as long as there is another.
 */
import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';

import type { ModelConfig } from '../config/model-config.js';
import type { Aspire, AspiredVersion, Source } from '../core/source.js';
import type { Log } from '../log/log.js';
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
  readonly log: Log;
  /** Whether a version's load has failed for good: it is taken again when its files change. */
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
  readonly troubles: string[];
  /** What is still being written: worth looking again soon. */
  readonly resting: ReadonlyMap<string, Resting>;
}

export class FileSystemSource implements Source {
  readonly #options: FileSystemSourceOptions;
  readonly #models = new Map<string, Monitored>();
  #aspire: Aspire | null = null;
  #closed = false;

  constructor(options: FileSystemSourceOptions) {
    this.#options = options;
  }

  start(aspire: Aspire): void {
    this.#aspire = aspire;
    for (const model of this.#models.values()) void this.#poll(model);
  }

  configure(models: readonly ModelConfig[]): void {
    const names = new Set(models.map(({ name }) => name));
    for (const [name, model] of this.#models) {
      if (names.has(name)) continue;
      this.#models.delete(name);
      if (model.timer !== null) clearTimeout(model.timer);
      this.#aspire?.(name, []);
    }
    for (const config of models) {
      let model = this.#models.get(config.name);
      if (model === undefined) {
        model = newlyMonitored(config);
        this.#models.set(config.name, model);
      }
      model.config = config;
      if (this.#aspire !== null) void this.#poll(model);
    }
  }

  async rescan(name: string): Promise<void> {
    const model = this.#models.get(name);
    if (model === undefined || this.#aspire === null) return;
    ++model.rescans;
    await this.#poll(model, true);
  }

  async found(name: string): Promise<readonly bigint[]> {
    const basePath = this.#models.get(name)?.config.basePath;
    if (basePath === undefined) return [];
    return versionsAmong(basePath, await readdir(basePath)).versions.map(({ version }) => version);
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
    let unsettled = false;
    try {
      const look = await this.#look(model);
      if (isOvertaken()) return;
      model.aspired = new Map(look.aspired.map((each) => [each.version, each]));
      model.resting = look.resting;
      unsettled = look.resting.size > 0;
      this.#aspire?.(config.name, look.aspired);
      this.#tell(model, look.troubles);
    } catch (error) {
      // Upstream changes no model in a round with such an error; here the other models go on.
      if (isOvertaken()) return;
      this.#tell(model, [
        'FileSystemStoragePathSource encountered a filesystem access error: ' +
          `Could not find base path ${config.basePath} for servable ${config.name} with error ` +
          (error instanceof Error ? error.message : String(error)),
      ]);
    }
    if (waitSeconds <= 0 && !unsettled) return;
    const waitMillis = waitSeconds <= 0 ? Infinity : waitSeconds * 1000;
    const { settleMillis } = this.#options;
    model.timer = setTimeout(
      () => void this.#poll(model, asked),
      unsettled ? Math.min(waitMillis, settleMillis) : waitMillis,
    );
  }

  async #look({ config, aspired, resting, rescans }: Monitored): Promise<Look> {
    const { versions, others } = versionsAmong(config.basePath, await readdir(config.basePath));
    const troubles = others.length === 0 ? [] : [skippedText(config, others, 'not a number')];
    const noModel: VersionFolder[] = [];
    const stillResting = new Map<string, Resting>();
    const check = async (folder: VersionFolder): Promise<AspiredVersion | null> => {
      const before = aspired.get(folder.version);
      const isKnown = before?.path === folder.path;
      if (isKnown && !this.#options.hasFailed(config.name, folder.version)) return before;
      const state = await folderStateOf(folder.path).catch(() => null); // gone since it was listed
      if (state === null) return null;
      const rest = this.#restOf(state, resting.get(folder.path));
      if (rest !== null) {
        stillResting.set(folder.path, rest);
        return isKnown ? before : null;
      }
      const fingerprint = `${state.fingerprint}/${rescans}`;
      if (state.isModel || isKnown) return { ...folder, fingerprint };
      noModel.push(folder);
      return null;
    };
    const shadow = config.shadow?.version ?? null;
    const found = await wantedVersions(config.policy, shadow, versions, check);
    let { wanted } = found;
    for (const version of found.missing) troubles.push(missingText(config, version));
    if (found.isShadowMissing) troubles.push(shadowMissingText(config));
    if (wanted.length === 0 && stillResting.size === 0 && noModel.length > 0) {
      // As upstream, so that the failed load shows why there is nothing to serve.
      ({ wanted } = await wantedVersions(config.policy, shadow, noModel, (folder) =>
        Promise.resolve({ ...folder, fingerprint: '' }),
      ));
    } else if (noModel.length > 0) {
      const names = noModel.map(({ path }) => basename(path));
      troubles.push(skippedText(config, names, 'no saved_model.pb inside'));
    }
    if (wanted.length === 0 && stillResting.size === 0) troubles.push(noVersionsText(config));
    return { aspired: wanted, troubles, resting: stillResting };
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

function noVersionsText(config: ModelConfig): string {
  return (
    `No versions of servable ${config.name} found under base path ${config.basePath}. ` +
    "Did you forget to name your leaf directory as a number (eg. '/1/')?"
  );
}

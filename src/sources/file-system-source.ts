/**
 * FileSystemSource: the version folders below each model's base path, looked at again and again.
 * The names that count are those upstream counts: a decimal int64, blanks around it and leading zeros
 * allowed. What is in a folder is the loader's business.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { Aspire, AspiredVersion, Source } from '../core/source.js';
import type { Log } from '../log/log.js';

export interface MonitoredModel {
  readonly name: string;
  readonly basePath: string;
}

export interface FileSystemSourceOptions {
  readonly models: readonly MonitoredModel[];
  /** 0: look once. Negative: never look. */
  readonly pollWaitSeconds: number;
  readonly log: Log;
}

const INT64_MAX = 2n ** 63n - 1n;

/** The version a folder name stands for; null when it is none. */
export function versionOf(folder: string): bigint | null {
  const digits = /^\s*([+-]?)(\d+)\s*$/.exec(folder);
  if (digits === null) return null;
  const version = BigInt(`${digits[1] === '-' ? '-' : ''}${digits[2] ?? ''}`);
  return version > INT64_MAX || version < -INT64_MAX - 1n ? null : version;
}

/** The highest version among folder names; of names for the same version, the last in byte order. */
export function latestVersion(basePath: string, folders: readonly string[]): AspiredVersion[] {
  let latest: AspiredVersion | null = null;
  for (const folder of [...folders].sort()) {
    const version = versionOf(folder);
    if (version === null || (latest !== null && version < latest.version)) continue;
    latest = { version, path: join(basePath, folder) };
  }
  return latest === null ? [] : [latest];
}

export class FileSystemSource implements Source {
  readonly #options: FileSystemSourceOptions;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;
  /** The last trouble told, so that a lasting one is told once rather than every second. */
  #told = '';

  constructor(options: FileSystemSourceOptions) {
    this.#options = options;
  }

  start(aspire: Aspire): void {
    if (this.#options.pollWaitSeconds >= 0) void this.#poll(aspire);
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  async #poll(aspire: Aspire): Promise<void> {
    const { models, pollWaitSeconds } = this.#options;
    try {
      // One base path that cannot be read fails the whole round, as upstream: no model changes.
      const found = await Promise.all(
        models.map(async (model) => ({ model, folders: await this.#folders(model) })),
      );
      if (this.#closed) return;
      const empty = found.filter(({ model, folders }) => {
        const versions = latestVersion(model.basePath, folders);
        aspire(model.name, versions);
        return versions.length === 0;
      });
      this.#tell(empty.map(({ model }) => noVersions(model)).join(' '));
    } catch (error) {
      this.#tell(
        `FileSystemStoragePathSource encountered a filesystem access error: ${String(error)}`,
      );
    }
    if (this.#closed || pollWaitSeconds === 0) return;
    this.#timer = setTimeout(() => void this.#poll(aspire), pollWaitSeconds * 1000);
  }

  async #folders(model: MonitoredModel): Promise<string[]> {
    try {
      return await readdir(model.basePath);
    } catch (cause) {
      throw new Error(
        `Could not find base path ${model.basePath} for servable ${model.name} with error ` +
          (cause instanceof Error ? cause.message : String(cause)),
        { cause },
      );
    }
  }

  #tell(trouble: string): void {
    if (trouble !== '' && trouble !== this.#told) this.#options.log.warn(trouble);
    this.#told = trouble;
  }
}

function noVersions(model: MonitoredModel): string {
  return (
    `No versions of servable ${model.name} found under base path ${model.basePath}. ` +
    "Did you forget to name your leaf directory as a number (eg. '/1/')?"
  );
}

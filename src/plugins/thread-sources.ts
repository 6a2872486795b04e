/** ThreadSources: the sources and policies of plugins, as the main thread asks them. In a plugin thread. */
import { isAbsolute } from 'node:path';

import type { FoundVersion, FromThread, ToThread } from './messages.js';
import type { Named, PluginModules } from './plugin-modules.js';
import type { Source, SourceModel } from './plugin.js';

type Call<K extends ToThread['kind']> = Extract<ToThread, { kind: K }>;

/** A model that a source is asked for. */
interface Watched {
  readonly plugin: string;
  readonly source: Source;
  readonly model: SourceModel;
  readonly controller: AbortController;
}

const INT64_MAX = 2n ** 63n - 1n;

export class ThreadSources {
  readonly #modules: Pick<PluginModules, 'sources' | 'policies'>;
  readonly #post: (message: FromThread) => void;
  readonly #watched = new Map<number, Watched>();

  constructor(
    modules: Pick<PluginModules, 'sources' | 'policies'>,
    post: (message: FromThread) => void,
  ) {
    this.#modules = modules;
    this.#post = post;
  }

  /** @throws TypeError for what are no versions, or what the plugin throws */
  async versions(call: Call<'versions'>): Promise<readonly FoundVersion[]> {
    const { source, model } = this.#watchedOf(call);
    const given: unknown = await source.versions(model);
    if (!Array.isArray(given))
      throw new TypeError(`versions: expected an array, got ${String(given)}`);
    return given.map((each: unknown, index) => foundVersion(each, `versions[${index}]`));
  }

  /** Resolves with the folder. @throws TypeError where that is none, or what the plugin throws */
  async fetch({ watch, version, name }: Call<'fetch'>): Promise<string> {
    const watched = this.#watched.get(watch);
    if (watched === undefined) throw new Error(`nobody looks for ${name} any more`);
    const { source, model } = watched;
    if (source.fetch === undefined) {
      throw new TypeError(`version ${version} has no folder, and its source has no function fetch`);
    }
    return folderOf('fetch', await source.fetch(version, model));
  }

  /** The name of the plugin whose source it is at. */
  pluginOf(watch: number): string {
    return this.#watched.get(watch)?.plugin ?? '';
  }

  forget(watch: number): void {
    this.#watched.get(watch)?.controller.abort();
    this.#watched.delete(watch);
  }

  /** @throws TypeError for what are no versions, or what the plugin throws */
  async choose({ policy, name, versions }: Call<'choose'>): Promise<readonly bigint[]> {
    const { value } = found(this.#modules.policies, 'policy', policy);
    const given: unknown = await value.choose(versions, { name });
    if (!Array.isArray(given))
      throw new TypeError(`choose: expected an array, got ${String(given)}`);
    const chosen = given.map((each: unknown, index) => versionOf(each, `choose: [${index}]`));
    const stranger = chosen.find((version) => !versions.includes(version));
    if (stranger === undefined) return chosen;
    throw new RangeError(`choose: version ${stranger} is not there, only ${versions.join(', ')}`);
  }

  #watchedOf({ watch, source: kind, name, basePath }: Call<'versions'>): Watched {
    let watched = this.#watched.get(watch);
    if (watched === undefined) {
      const { plugin, value: source } = found(this.#modules.sources, 'source', kind);
      const controller = new AbortController();
      const { signal } = controller;
      const changed = (): void => {
        if (!signal.aborted) this.#post({ kind: 'changed', watch });
      };
      watched = { plugin, source, model: { name, basePath, changed, signal }, controller };
      this.#watched.set(watch, watched);
    }
    return watched;
  }
}

function found<T>(named: ReadonlyMap<string, Named<T>>, what: string, name: string): Named<T> {
  const known = named.get(name);
  if (known === undefined) throw new Error(`there is no ${what} ${name}`);
  return known;
}

function foundVersion(given: unknown, where: string): FoundVersion {
  const { version, folder, fingerprint = '' } = Object(given) as Record<string, unknown>;
  return {
    version: versionOf(version, `${where}.version`),
    folder: folder === undefined ? null : folderOf(`${where}.folder`, folder),
    fingerprint: String(fingerprint),
  };
}

function versionOf(given: unknown, where: string): bigint {
  if (typeof given === 'bigint' && given >= 0n && given <= INT64_MAX) return given;
  if (typeof given === 'number' && Number.isSafeInteger(given) && given >= 0) return BigInt(given);
  throw new TypeError(`${where}: expected a whole number from 0 on, got ${String(given)}`);
}

function folderOf(where: string, given: unknown): string {
  if (typeof given === 'string' && isAbsolute(given)) return given;
  throw new TypeError(`${where}: expected an absolute path, got ${String(given)}`);
}

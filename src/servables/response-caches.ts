/**
 * ResponseCaches: has the addon keep answers of the models whose configuration asks for it, and says in the
 * log which signatures cannot have theirs kept, and why. The addon keeps and counts for the whole process;
 * here is only what is configured. Main thread.
 */
import type { ModelConfig } from '../config/model-config.js';
import { servableIdText, type ServableId } from '../core/servable.js';
import type { Log } from '../log/log.js';
import type { NativeCaches } from '../native/caches.js';
import { cacheFamilies } from '../metrics/cache-metrics.js';
import type { ScalarFamily } from '../metrics/families.js';

export interface ResponseCachesOptions {
  readonly log: Log;
  readonly addon: () => Pick<NativeCaches, 'configureCaches' | 'cacheCounts'>;
}

/** What is asked of a loaded version. */
interface CachedModel {
  readonly cacheRefusals: ReadonlyMap<string, string>;
}

interface Loaded {
  readonly model: CachedModel;
  /** What the log has of it. */
  logged: string;
}

export class ResponseCaches {
  readonly #options: ResponseCachesOptions;
  readonly #loaded = new Map<string, Loaded>();
  #isOn = false;

  constructor(options: ResponseCachesOptions) {
    this.#options = options;
  }

  /** From now on these models keep answers as they say, and no others. Holds for loaded versions, too. */
  configure(models: readonly ModelConfig[]): void {
    const caches = models.flatMap(({ name, responseCache: cache }) =>
      cache === null
        ? []
        : [
            {
              name,
              maxBytes: cache.maxBytes,
              ttlMillis: Math.ceil(cache.ttlSeconds * 1000),
              key: cache.key,
            },
          ],
    );
    if (caches.length === 0 && !this.#isOn) return;
    this.#isOn = true;
    this.#options.addon().configureCaches(caches);
    for (const [servable, loaded] of this.#loaded) this.#log(servable, loaded);
  }

  loaded(id: ServableId, model: CachedModel): void {
    const loaded = { model, logged: '{}' };
    this.#loaded.set(servableIdText(id), loaded);
    this.#log(servableIdText(id), loaded);
  }

  unloaded(id: ServableId): void {
    this.#loaded.delete(servableIdText(id));
  }

  /** No model keeps answers from now on: caches belong to the process. */
  close(): void {
    this.configure([]);
  }

  /** Of the page of metrics. */
  families(): ScalarFamily[] {
    return cacheFamilies(this.#isOn ? this.#options.addon().cacheCounts() : []);
  }

  /** Once, until it changes. */
  #log(servable: string, loaded: Loaded): void {
    if (!this.#isOn) return;
    const signatures = Object.fromEntries(loaded.model.cacheRefusals);
    const text = JSON.stringify(signatures);
    if (loaded.logged === text) return;
    loaded.logged = text;
    if (text === '{}') return;
    this.#options.log.warn({ servable, signatures }, 'signatures whose answers are not kept');
  }
}

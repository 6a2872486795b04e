/** Response caches as the addon has them, for the whole process. Types only. */
export interface NativeCache {
  /** Of the model. */
  readonly name: string;
  readonly maxBytes: number;
  /** 0: no limit. */
  readonly ttlMillis: number;
  /** Inputs that count; empty: all. */
  readonly key: readonly string[];
}

export interface NativeCaches {
  /** From now on, and of the whole process: these models keep answers, and no others. */
  configureCaches(caches: readonly NativeCache[]): void;
  /**
   * Name, version, hits, shared, misses, refreshed, evictions, entries and bytes of each loaded version
   * that keeps answers, or did; see binding/cache/response_cache.h.
   */
  cacheCounts(): readonly (string | number)[];
  /** Signature and reason, of each whose answers a version does not keep, though its model is to. */
  cacheRefusals(id: number): readonly string[];
}

/** Loader: brings one version into memory and out of it again. */
export interface Loader<S> {
  /**
   * Resolves when a load is worth to begin, at the latest when `stop` is aborted: what waits for other versions waits
   * here, where it keeps none of the loads at once from them. Never rejects; absent: always.
   */
  ready?(stop: AbortSignal): Promise<void>;
  /**
   * Rejects with a ServingError; may be called again after a failure.
   * @param stop aborted when nobody waits for it any more: it may then end early, as CANCELLED
   */
  load(stop: AbortSignal): Promise<S>;
  /** Resolves when the memory is given back. Called once, after no handle holds the servable. */
  unload(servable: S): Promise<void>;
}

export type LoaderFactory<S> = (name: string, version: bigint, path: string) => Loader<S>;

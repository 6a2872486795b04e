/** Loader: brings one version into memory and out of it again. */
export interface Loader<S> {
  /**
   * Rejects with a ServingError; may be called again after a failure.
   * @param stop aborted when nobody waits for it any more: it may then end early, as CANCELLED
   */
  load(stop: AbortSignal): Promise<S>;
  /** Resolves when the memory is given back. Called once, after no handle holds the servable. */
  unload(servable: S): Promise<void>;
}

export type LoaderFactory<S> = (name: string, version: bigint, path: string) => Loader<S>;

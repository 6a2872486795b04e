/** Source: says which versions of which models should exist. It decides nothing and loads nothing. */
export interface AspiredVersion {
  readonly version: bigint;
  /** Where the version's files are. */
  readonly path: string;
}

/** The whole set for one model; versions not in it are to be unloaded. */
export type Aspire = (name: string, versions: readonly AspiredVersion[]) => void;

export interface Source {
  /** Reports now and on every change, until `close`. */
  start(aspire: Aspire): void;
  close(): void;
}

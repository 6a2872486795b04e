/** Source: says which versions of which models should exist. It decides nothing and loads nothing. */
import type { ModelConfig } from '../config/model-config.js';

export interface AspiredVersion {
  readonly version: bigint;
  /** Where the version's files are. */
  readonly path: string;
  /** Changes when the files do; a version that failed to load is tried again then. */
  readonly fingerprint?: string;
}

/** The whole set for one model; versions not in it are to be unloaded. */
export type Aspire = (name: string, versions: readonly AspiredVersion[]) => void;

export interface Source {
  /** Reports now and on every change, until `close`. */
  start(aspire: Aspire): void;
  /** Replaces the models looked at; one that is left out gets the empty set at once. */
  configure(models: readonly ModelConfig[]): void;
  /** Looks at one model now, and lets its failed versions be tried again; resolves once reported. */
  rescan(name: string): Promise<void>;
  /** The versions that are there, wanted or not, highest first. @throws the file system's error */
  found(name: string): Promise<readonly bigint[]>;
  close(): void;
}

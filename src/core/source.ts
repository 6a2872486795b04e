/** Source: says which versions of which models should exist. It decides nothing and loads nothing. */
import type { ModelConfig } from '../config/model-config.js';
import type { ServingError } from '../status/serving-error.js';

export interface AspiredVersion {
  readonly version: bigint;
  /** Where the version's files are. */
  readonly path: string;
  /** Changes when the files do; a version that failed to load is tried again then. */
  readonly fingerprint?: string;
}

/** Who is told what a source finds. */
export interface SourceListener {
  /** The whole set for one model; versions not in it are to be unloaded. */
  aspire(name: string, versions: readonly AspiredVersion[]): void;
  /** Why there is no version of the model to be had; null: that is over. */
  troubled(name: string, trouble: ServingError | null): void;
}

export interface Source {
  /** Reports now and on every change, until `close`. */
  start(listener: SourceListener): void;
  /** Replaces the models looked at; one that is left out gets the empty set at once. */
  configure(models: readonly ModelConfig[]): void;
  /** Looks at one model now, and lets its failed versions be tried again; resolves once reported. */
  rescan(name: string): Promise<void>;
  /** The versions that are there, wanted or not, highest first. @throws ServingError, the file system's */
  found(name: string): Promise<readonly bigint[]>;
  close(): void;
}

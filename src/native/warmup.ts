/** Warm-ups of versions, as the addon takes and tells them. */
import type { NativeFailure } from './values.js';

export interface NativeWarmupOptions {
  /** How often each record of the warm-up file runs. */
  readonly iterations: number;
  /** Without a warm-up file, run the signatures with synthetic inputs. */
  readonly synthetic: boolean;
  /** Sizes of batches to run them with, besides one row; from 1 on. */
  readonly batchRows: readonly number[];
}

/** What a version ran between its load and AVAILABLE. */
export interface NativeWarmup {
  readonly hasFile: boolean;
  /** The file was read to its end or to an error in its framing: what upstream's metrics count. */
  readonly readThrough: boolean;
  /** Records of the file that were run, or held nothing to run. */
  readonly records: number;
  readonly micros: number;
  /** Why the version must not serve; null when it may. */
  readonly failure: NativeFailure | null;
  /** Signatures that ran, failed and were left out; all zero with a file. */
  readonly synthetic: {
    readonly run: number;
    readonly failed: number;
    readonly skipped: number;
    /** "<signature>: <text>", or empty. */
    readonly firstFailure: string;
    /** Of signatures that no run has shown as a client's request will: why. */
    readonly notRepresentative: Readonly<Record<string, string>>;
  };
}

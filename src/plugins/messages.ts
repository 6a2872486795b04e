/** What the main thread and a plugin thread tell each other: numbers, names and paths, never tensors. */
import type { TensorSet } from '../native/tensor-sets.js';
import type { StatusCode } from '../status/serving-error.js';

/** What a module of --plugins has, by its names. */
export interface PluginDescription {
  readonly file: string;
  readonly name: string;
  readonly platforms: readonly string[];
}

/** A call is told by its number; each but a cancelled one is answered once. */
export type ToThread =
  | {
      readonly kind: 'load';
      readonly call: number;
      /** Of the version, in later calls. */
      readonly key: number;
      readonly platform: string;
      readonly folder: string;
      readonly name: string;
      readonly version: bigint;
    }
  | {
      readonly kind: 'run';
      readonly call: number;
      readonly key: number;
      /** It may be gone. */
      readonly inputs: TensorSet;
      readonly signature: string;
      readonly outputs: readonly string[];
    }
  | { readonly kind: 'unload'; readonly call: number; readonly key: number }
  /** Nobody waits for the call. Told back at once by a thread whose loop turns. */
  | { readonly kind: 'cancel'; readonly call: number };

export type FromThread =
  | { readonly kind: 'ready'; readonly plugins: readonly PluginDescription[] }
  /** A module cannot be used; the thread ends. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'answer'; readonly call: number; readonly value: Answer }
  | { readonly kind: 'failure'; readonly call: number; readonly failure: Failure }
  | { readonly kind: 'cancelled'; readonly call: number };

/** Of a load its serialized signatures, of a run a set of tensors. */
export type Answer = Uint8Array | TensorSet | null;

export interface Failure {
  readonly code: StatusCode;
  readonly message: string;
  /** Of what the plugin threw, for the log. */
  readonly stack: string | null;
}

export interface ThreadData {
  readonly files: readonly string[];
  /** One Int32: the call that the thread is in, 0 between them. */
  readonly running: SharedArrayBuffer;
}

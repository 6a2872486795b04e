/** What the main thread and a plugin thread tell each other: numbers, names and paths, never tensors. */
import type { TensorSet } from '../native/tensor-sets.js';
import type { StatusCode } from '../status/serving-error.js';

/** What a module of --plugins has, by its names. */
export interface PluginDescription {
  readonly file: string;
  readonly name: string;
  readonly platforms: readonly string[];
  readonly hooks: readonly string[];
  readonly sources: readonly string[];
  readonly policies: readonly string[];
}

/** What makes a servable of a version's folder. */
export type Maker =
  | { readonly kind: 'platform'; readonly name: string }
  /** `signatures`: a serialized SignatureDefMap, of the model that it is put around. */
  | { readonly kind: 'hook'; readonly name: string; readonly signatures: Uint8Array };

/** A call is told by its number; each but a cancelled one is answered once. */
export type ToThread =
  | {
      readonly kind: 'load';
      readonly call: number;
      /** Of the version, in later calls. */
      readonly key: number;
      readonly maker: Maker;
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
  | { readonly kind: 'cancel'; readonly call: number }
  | {
      readonly kind: 'versions';
      readonly call: number;
      /** Of a model at its source, in later calls, until it is forgotten. */
      readonly watch: number;
      readonly source: string;
      readonly name: string;
      readonly basePath: string;
    }
  | {
      readonly kind: 'fetch';
      readonly call: number;
      readonly watch: number;
      readonly version: bigint;
      readonly name: string;
    }
  | { readonly kind: 'forget'; readonly watch: number }
  | {
      readonly kind: 'choose';
      readonly call: number;
      readonly policy: string;
      readonly name: string;
      readonly versions: readonly bigint[];
    }
  /** To an `infer`: a set, which may be gone, or why there is none. */
  | { readonly kind: 'inferred'; readonly infer: number; readonly result: TensorSet | Failure };

export type FromThread =
  | { readonly kind: 'ready'; readonly plugins: readonly PluginDescription[] }
  /** A module cannot be used; the thread ends. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'answer'; readonly call: number; readonly value: Answer }
  | { readonly kind: 'failure'; readonly call: number; readonly failure: Failure }
  | { readonly kind: 'cancelled'; readonly call: number }
  | Infer
  /** A source has news of the model. */
  | { readonly kind: 'changed'; readonly watch: number };

/** A version that a source knows of. */
export interface FoundVersion {
  readonly version: bigint;
  /** Null: it is to be fetched. */
  readonly folder: string | null;
  readonly fingerprint: string;
}

/** A hook's run wants its model to run. */
export interface Infer {
  readonly kind: 'infer';
  /** The run. */
  readonly call: number;
  readonly infer: number;
  /** With tensors of these names. */
  readonly inputs: TensorSet;
  readonly names: readonly string[];
  readonly signature: string;
  readonly outputs: readonly string[];
}

/** Of a load its serialized signatures, of a run a set of tensors, of a fetch a folder; what was found, or chosen. */
export type Answer =
  Uint8Array | TensorSet | string | readonly FoundVersion[] | readonly bigint[] | null;

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

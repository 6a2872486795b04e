/** InferenceModel: a loaded version as requests see it, whether they run one by one or in batches. */
import type { Method } from './binding.js';
import type { Done } from './calls.js';

/** Whether the client has gone: the request need not run then. May be asked until `done`. */
export type IsGone = () => boolean;

export interface InferenceModel {
  /** Serialized tensorflow.serving.SignatureDefMap, as the model has it. */
  readonly signatureDefMap: Uint8Array;

  /** A serialized request to the serialized response. `timeoutMillis` 0 is none. */
  inferProto(
    method: Method,
    body: Uint8Array,
    timeoutMillis: number,
    asTensorContent: boolean,
    done: Done<Uint8Array>,
    isGone?: IsGone,
  ): void;

  /** OWNERSHIP: a body above decodeOnLoopBytes() must stay as it is until `done`. */
  inferJson(
    method: Method,
    body: Uint8Array | ArrayBuffer,
    timeoutMillis: number,
    done: Done<string | Uint8Array>,
    isGone?: IsGone,
  ): void;

  /** Resolves when the memory is given back. No request may be in flight. */
  unload(): Promise<void>;
}

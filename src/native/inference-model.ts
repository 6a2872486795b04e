/** InferenceModel: a loaded version as requests see it, whether they run one by one or in batches. */
import type { NativeShadowResult } from './shadows.js';
import type { Done } from './calls.js';
import type { RunTrace } from './run-trace.js';
import type { TensorRequest, TensorSet } from './tensor-sets.js';
import type { Method } from './values.js';

/** Whether the client has gone: the request need not run then. May be asked until `done`. */
export type IsGone = () => boolean;

/** What a run needs to know of its request beside what it asks for. */
export interface RunContext {
  readonly isGone: IsGone;
  /** Null: it has none. */
  readonly trace: RunTrace | null;
  /** The header of that name; empty: it has none. */
  readonly cacheControl: string;
}

/** Of a request that has none of it, and whose client waits. */
export const NO_CONTEXT: RunContext = { isGone: () => false, trace: null, cacheControl: '' };

/** A request that another version answers. */
export interface ShadowCall {
  /** Not SessionRun; of JSON, one of the three that REST has. */
  readonly method: Method;
  readonly isJson: boolean;
  readonly asTensorContent: boolean;
  readonly body: Uint8Array | ArrayBuffer;
}

/** What it answered: `reply` is null for an error, whose code is not OK. */
export interface PrimaryAnswer {
  readonly code: number;
  readonly reply: Uint8Array | string | null;
}

export interface InferenceModel {
  /** Serialized tensorflow.serving.SignatureDefMap, as the model has it. */
  readonly signatureDefMap: Uint8Array;
  /** The addon's number of it, where requests may run on it without us, as long as it lets them. */
  readonly directId?: number | undefined;

  /** A serialized request to the serialized response. `timeoutMillis` 0 is none; no context is NO_CONTEXT. */
  inferProto(
    method: Method,
    body: Uint8Array,
    timeoutMillis: number,
    asTensorContent: boolean,
    done: Done<Uint8Array>,
    context?: RunContext,
  ): void;

  /**
   * OWNERSHIP: a body above decodeOnLoopBytes() must stay as it is until `done`; an ArrayBuffer is given
   * away.
   */
  inferJson(
    method: Method,
    body: Uint8Array | ArrayBuffer,
    timeoutMillis: number,
    done: Done<string | Uint8Array>,
    context?: RunContext,
  ): void;

  /** Predict from tensors to tensors. OWNERSHIP: the set that `done` gets is the caller's. */
  inferTensors(
    request: TensorRequest,
    timeoutMillis: number,
    done: Done<TensorSet>,
    context?: RunContext,
  ): void;

  /** OWNERSHIP: body and reply must stay as they are until `done`. */
  inferShadow(
    call: ShadowCall,
    answer: PrimaryAnswer,
    tolerance: number,
    done: Done<NativeShadowResult>,
  ): void;

  /** Resolves when the memory is given back. No request may be in flight. */
  unload(): Promise<void>;
}

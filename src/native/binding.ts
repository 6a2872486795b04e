/**
 * The addon's whole surface. Calls that take a slot are answered later, through the function given
 * to `onCompletions`; saved-model.ts wraps them. Absent values cross as null.
 */

/** Dtypes travel as tensorflow.DataType numbers. Strings are arrays of byte strings. */
export interface NativeTensor {
  readonly dtype: number;
  readonly shape: readonly number[];
  readonly data: ArrayBuffer | readonly (Uint8Array | string)[];
}

export interface NativeLoadOptions {
  readonly name: string;
  readonly version: bigint;
  readonly path: string;
  readonly tags: readonly string[];
  /** Serialized tensorflow.ConfigProto. */
  readonly configProto: Uint8Array;
  /** Execute graphs on the run pool's own thread rather than on TensorFlow's inter-op pool. */
  readonly runInCallerThread: boolean;
  /** --enable_signature_method_name_check */
  readonly checkMethodNames: boolean;
}

/** See binding/runtime/op_libraries.h. */
export interface NativeOpLibrary {
  readonly path: string;
  /** Other content in the same role is another build of the library, and refused. */
  readonly role: string;
  /** Of the content; a library is loaded once for each. */
  readonly digest: string;
}

/** The inference methods by the numbers that the addon knows them by. */
export const Method = { predict: 0, classify: 1, regress: 2, multiInference: 3 } as const;
export type Method = (typeof Method)[keyof typeof Method];

export interface NativeLoaded {
  readonly id: number;
  /** Serialized tensorflow.serving.SignatureDefMap. */
  readonly signatureDefMap: Buffer;
}

/** What is alive in the process; all zero when everything is unloaded and collected. */
export interface NativeCounters {
  readonly models: number;
  readonly inputTensors: number;
  readonly arrayBuffers: number;
  readonly pendingCalls: number;
}

export type NativeFailure = readonly [code: number, message: string, detail: string];
export type NativeModelSpec = readonly [
  ok: 0,
  present: boolean,
  name: string,
  version: bigint | null,
  label: string | null,
];

export interface NativeBinding {
  /** Request bodies up to this size are decoded before the call returns; see inferJson. */
  readonly decodeOnLoopBytes: number;
  tensorflowVersion(): string;
  counters(): NativeCounters;

  /** Sizes of the process-wide pools; the first call in the process decides. */
  configure(runThreads: number, runQueueCapacity: number, loadThreads: number): void;

  /** `deliver` gets [slot, code, value or message, detail or null, slot, …]. Once per environment. */
  onCompletions(deliver: (batch: readonly unknown[]) => void): void;

  /** Starts the runs submitted since the last call; see calls.ts. */
  wakeRunPool(): void;

  /** Answered when the library's ops are registered, which they stay for the process's life. */
  loadLibrary(slot: number, library: NativeOpLibrary): void;

  load(slot: number, options: NativeLoadOptions): void;
  /** Answered when the session is freed, which waits for the runs that hold it. */
  unload(slot: number, id: number): void;

  /** The method's request; answered with its response. A timeout of 0 is none. */
  inferProto(
    slot: number,
    id: number,
    body: Uint8Array,
    timeoutMillis: number,
    method: Method,
    asTensorContent: boolean,
  ): void;
  /**
   * The method's REST body; answered with the reply body, a string where it is ASCII and small. A
   * body above `decodeOnLoopBytes` must stay as it is until the answer.
   */
  inferJson(
    slot: number,
    id: number,
    body: Uint8Array | ArrayBuffer,
    timeoutMillis: number,
    method: Method,
  ): void;
  /** The checks upstream makes before it looks for the model; null when they pass. */
  checkJson(body: Uint8Array | ArrayBuffer, method: Method): NativeFailure | null;
  /** The ModelSpec in field 1 of a request; of MultiInference's first task. */
  readModelSpec(body: Uint8Array, method: Method): NativeModelSpec | NativeFailure;

  /** Inputs in ArrayBuffers from `allocateTensor` are detached and not copied. */
  run(slot: number, id: number, signature: string, inputs: Record<string, NativeTensor>): void;
  allocateTensor(bytes: number): ArrayBuffer;
  addressOf(buffer: ArrayBuffer | Uint8Array): bigint;
}

/**
 * The addon's whole surface. Calls that take a slot are answered later, through the function given
 * to `onCompletions`; saved-model.ts wraps them. Absent values cross as null.
 */

import type { RunStatistics } from '../metrics/run-metrics.js';

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
  /** Null: no warm-up. */
  readonly warmup: NativeWarmupOptions | null;
}

export interface NativeWarmupOptions {
  /** How often each record of the warm-up file runs. */
  readonly iterations: number;
  /** Without a warm-up file, run the signatures with made-up inputs. */
  readonly synthetic: boolean;
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
  };
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
export const Method = {
  predict: 0,
  classify: 1,
  regress: 2,
  multiInference: 3,
  sessionRun: 4,
} as const;
export type Method = (typeof Method)[keyof typeof Method];

/** As binding/runtime/shadow.h has it; null: it waited too long to be run. */
export const ShadowOutcome = { agreed: 0, differed: 1, failed: 2 } as const;
export type ShadowOutcome = (typeof ShadowOutcome)[keyof typeof ShadowOutcome];
/** `detail` says what differs first. */
export type NativeShadowResult = readonly [outcome: ShadowOutcome | null, detail: string];

export interface NativeLoaded {
  /** Null when none was asked for; with a failure the other members are missing. */
  readonly warmup: NativeWarmup | null;
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

/** [field, description, field, …]; null is none. */
export type NativeViolations = readonly string[] | null;
export type NativeFailure = readonly [code: number, message: string, violations: NativeViolations];
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
  /** What was counted of runs and loads; see binding/runtime/run_statistics.h. */
  runStatistics(): RunStatistics;

  /** Sizes of the process-wide pools; the first call in the process decides. */
  configure(runThreads: number, runQueueCapacity: number, loadThreads: number): void;

  /** `deliver` gets [slot, code, value or message, NativeViolations, slot, …]. Once per environment. */
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
  /**
   * Runs the request again when the run pool is idle and compares the outcome with what the client
   * got: `reply`, or null and the error's `code`. UNAVAILABLE when the pool has too much to do.
   */
  inferShadow(
    slot: number,
    id: number,
    body: Uint8Array | ArrayBuffer,
    method: Method,
    isJson: boolean,
    asTensorContent: boolean,
    code: number,
    reply: Uint8Array | string | null,
    tolerance: number,
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

/**
 * The addon's whole surface. Calls that take a slot are answered later, through the function given
 * to `onCompletions`; saved-model.ts wraps them. Absent values cross as null.
 */

import type { RunStatistics } from '../metrics/run-metrics.js';
import type { NativeGrpc } from './grpc.js';
import type { NativeAccess } from './access.js';
import type { NativeCaches } from './caches.js';
import type { NativeHttp } from './http.js';
import type { NativeLogCounts, NativeLogging, NativeLogLimits } from './request-logging.js';
import type { RowPolicy, SignatureRows } from './rows.js';
import type { NativeShadows } from './shadows.js';
import type { NativeOpenVino } from './openvino.js';
import type { NativeTables } from './tables.js';
import type { NativeTensorSets } from './tensor-set-binding.js';
import type { NativeProfiling } from './profiling.js';
import type { NativeTransports } from './transport.js';
import type { Method, NativeFailure, NativeTensor } from './values.js';
import type { NativeWarmup, NativeWarmupOptions } from './warmup.js';

export type { RowPolicy, SignatureRows } from './rows.js';

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
  /** Ops that no request may reach, as refusedOpsOf of src/config/refused-ops.ts gives them. */
  readonly refusedOps: readonly string[];
  readonly plan: NativePlanOptions;
  /** Null: no warm-up. */
  readonly warmup: NativeWarmupOptions | null;
  /**
   * Find out which signatures have independent rows: only their requests get rows from prepareProto and
   * prepareJson, those of others NoRows.unprovenRows. Null: those of all get them.
   */
  readonly rows: RowPolicy | null;
}

/** How a graph is executed; see binding/plan/plan.h. */
export type PlanName = 'as-saved' | 'frozen' | 'frozen+xla' | 'openvino';

export interface NativePlanChoice {
  readonly plan: PlanName;
  /** False: TensorFlow's inter-op pool executes the graph. */
  readonly callerThread: boolean;
}

export interface NativeKnownPlan extends NativePlanChoice {
  /** It is the reason that is given. */
  readonly from: string;
  /** Not empty: only a version of this graph takes it. */
  readonly graph: string;
}

export interface NativeOpenVinoPlan {
  /** Path of libopenvino_c.so; only that of the process's first load counts. */
  readonly library: string;
  readonly precision: string;
  /** Where what it has compiled is kept; empty: nowhere. */
  readonly cacheDir: string;
  /** It is taken where it agrees, whatever the times are. */
  readonly wanted: boolean;
  /** For a run that has them all, if that pays. */
  readonly cpus: number;
}

export interface NativePlanOptions {
  readonly wanted: PlanName | 'auto';
  /** Why nothing but as-saved is possible; or empty. */
  readonly refusal: string;
  /** Without a warm-up file, plans may be compared on synthetic inputs. */
  readonly synthetic: boolean;
  /** Compare with TensorFlow's inter-op pool, too, where runs are long. */
  readonly tryPool: boolean;
  readonly trialMillis: number;
  /** No plan may answer NaN in another way than the graph as it was saved, as far as the trial goes. */
  readonly keepsNan: boolean;
  /** Null: no signature is run by OpenVINO. */
  readonly openVino: NativeOpenVinoPlan | null;
  /** An earlier choice: there is then no trial, but one run that must agree. */
  readonly known: NativeKnownPlan | null;
}

export interface NativePlan extends NativePlanChoice {
  readonly reason: string;
  /** A trial chose it. */
  readonly tried: boolean;
  /** The weights were read by the side of TensorFlow's loader, for a plan that was taken over. */
  readonly fromCheckpoint: boolean;
  /** Inputs on which the plans were compared. */
  readonly cases: number;
  /** Relative, of all floats of all answers; see binding/plan/agreement.h. */
  readonly largestDifference: number;
  /** Of one run, the best. */
  readonly times: readonly (NativePlanChoice & { readonly micros: number })[];
  /** That are constants now, and their bytes; also where as-saved was chosen in the end. */
  readonly variables: number;
  readonly weightBytes: number;
  /** Large ones are variables again, which are held once; else why not, where that was tried. */
  readonly sharedWeights: boolean;
  readonly noSharedWeights: string;
  /** Which signatures OpenVINO does not run, and why; empty where it runs all, or was not tried. */
  readonly noOpenVino: string;
  /** Convolutions of the graph with shared weights that took in what follows them. */
  readonly fused: number;
  /** How it answers otherwise where the input is NaN; empty where the trial found no difference. */
  readonly nan: string;
  /** Versions of the same graph, their weights apart, may take the plan; empty where none may. */
  readonly graph: string;
  /** What all of it took. */
  readonly micros: number;
}

/** See binding/model/op_libraries.h. */
export interface NativeOpLibrary {
  readonly path: string;
  /** Other content in the same role is another build of the library, and refused. */
  readonly role: string;
  /** Of the content; a library is loaded once for each. */
  readonly digest: string;
}

export interface NativeLoaded {
  /** Null when none was asked for; with a failure the other members are missing. */
  readonly warmup: NativeWarmup | null;
  readonly plan: NativePlan;
  readonly id: number;
  /** Serialized tensorflow.serving.SignatureDefMap. */
  readonly signatureDefMap: Buffer;
  /** Names, in the order of NativePrepared's indexes. */
  readonly signatures: readonly string[];
  /** Of each signature; null when it was not asked for. */
  readonly rows: readonly SignatureRows[] | null;
}

/** What is alive in the process; all zero when everything is unloaded and collected. */
export interface NativeCounters {
  readonly models: number;
  readonly inputTensors: number;
  readonly arrayBuffers: number;
  readonly pendingCalls: number;
  /** Of response caches. */
  readonly keptAnswers: number;
  /** Of this environment: decoded, and neither run nor dropped. */
  readonly pendingTasks: number;
  /** Of tensors that JavaScript holds. */
  readonly tensorSets: number;
}

/** In place of a task's rows: why it has none. */
export const NoRows = {
  noInputs: -1,
  scalarInput: -2,
  unequalRows: -3,
  /** SessionRun, or a default among the inputs that has other rows than the request. */
  neverBatched: -4,
  /** With `rows`: of a signature whose rows may depend on each other. */
  unprovenRows: -5,
} as const;

/**
 * The numbers of a decoded request. Equal keys are likely, not certain, to mean equal things:
 * `runBatch` looks for itself. They hold for this process only.
 */
export type NativePrepared = readonly [
  task: number,
  /** Of model, fed tensors and fetched tensors. */
  queueKey: number,
  /** Of dtype, rank and dimensions 1 and up of each input, beyond queueKey. */
  shapeKey: number,
  /** As shapeKey, without the dimensions. */
  rankKey: number,
  /** Dimension 0 of all inputs, or one of NoRows. */
  rows: number,
  /** Its index in NativeLoaded.signatures; -1: several, or none. */
  signature: number,
];

export const BatchOutcome = {
  /** One run for all that could share it, whatever the answers are. */
  ran: 0,
  /** The shared run failed; each task then ran alone, and not all of them well. */
  retried: 1,
  /**
   * The shared run failed, or, with `strict` off, its outputs had no row for each input row; alone all
   * tasks ran well.
   */
  unmergeable: 2,
} as const;
export type BatchOutcome = (typeof BatchOutcome)[keyof typeof BatchOutcome];

export type NativeBatchReport = readonly [
  /** In TensorFlow, all runs of the batch. 0: nothing ran. */
  runNanos: number,
  /** That shared the run, without padding. */
  rows: number,
  paddedRows: number,
  outcome: BatchOutcome,
  /**
   * From when the tasks left their queue until all had an answer, in nanoseconds of the steady clock; absent
   * where none of them is traced or counted.
   */
  beganNanos?: number,
  endedNanos?: number,
];

/**
 * Beginning and end of each RequestStage in its order (queue, decode, run, encode), in nanoseconds of the
 * steady clock, which is that of process.hrtime(); 0: the request never came there.
 */
export type NativeStageSpans = readonly number[];

export type NativeModelSpec = readonly [
  ok: 0,
  present: boolean,
  name: string,
  version: bigint | null,
  label: string | null,
];

export interface NativeBinding
  extends
    NativeAccess,
    NativeCaches,
    NativeShadows,
    NativeOpenVino,
    NativeTables,
    NativeTensorSets,
    NativeGrpc,
    NativeHttp,
    NativeProfiling,
    NativeTransports {
  /** Request bodies up to this size are decoded before the call returns; see inferJson. */
  readonly decodeOnLoopBytes: number;
  tensorflowVersion(): string;
  counters(): NativeCounters;
  /** What was counted of runs and loads; see binding/model/run_statistics.h. */
  runStatistics(): RunStatistics;
  /** Answered with the page of metrics as bytes; see binding/codec/metrics_text.h. */
  writeMetrics(slot: number, lines: string, numbers: Float64Array, appendix: string): void;
  /**
   * From now on requests are traced: those whose traceparent says so, if it is followed, and of the others the
   * share `ratio`. See binding/tracing/trace_sampling.h.
   */
  configureTracing(ratio: number, followsParent: boolean): void;
  /** Whether a request with that header is one of them. */
  wantsTrace(traceparent: string): boolean;
  /** Whether the text is a W3C traceparent. */
  isTraceparent(text: string): boolean;
  /** From now on the requests of versions that are loaded are counted, for good. */
  countRequests(): void;
  /** Name, version and number, of each version that is loaded. */
  requestsInFlight(): readonly (string | number)[];

  /**
   * Sizes of the process-wide pools, and how long a run may be that startRuns() does itself (0: none);
   * the first call in the process decides.
   */
  configure(
    runThreads: number,
    runQueueCapacity: number,
    loadThreads: number,
    inlineRunMicros: number,
  ): void;

  /**
   * `deliver` gets [slot, value, slot, …]; in place of a slot that failed and its value -1 - slot and a
   * NativeFailure. Once per environment.
   */
  onCompletions(deliver: (batch: readonly unknown[]) => void): void;

  /** Has a process that exits end at once where loads or runs are in progress. To be called as it exits. */
  leaveJobsAtExit(): void;

  /**
   * Starts the runs submitted since the last call; see calls.ts. A lone short one is over when the call
   * returns, with what `deliver` is to be called with.
   */
  startRuns(): readonly unknown[] | undefined;

  /**
   * For a worker thread of ours, once: has the sockets of uWebSockets that are open when its environment
   * exits closed then; with open ones Node would abort the process.
   */
  addPollCleanupHook(): void;

  /** Answered when the library's ops are registered, which they stay for the process's life. */
  loadLibrary(slot: number, library: NativeOpLibrary): void;

  load(slot: number, options: NativeLoadOptions): void;
  /**
   * The load of that slot, which is not answered yet, ends as CANCELLED as soon as TensorFlow lets it,
   * unless it is over by then.
   */
  stopLoad(slot: number): void;
  /** Answered when the session is freed, which waits for the runs that hold it. */
  unload(slot: number, id: number): void;
  /** Has malloc give back to the system what is free; answered when that is done, on the load pool. */
  releaseFreed(slot: number): void;
  /**
   * From now on requests for the model run without JavaScript only while fewer of a transport than these
   * are in flight, on average and when a request comes; others come as calls. Unlimited at first; nothing
   * happens where there is no such model. See binding/model/direct_admission.h.
   */
  limitDirect(id: number, average: number, atOnce: number): void;

  /**
   * The method's request; answered with its response. A timeout of 0 is none. Here and below: `isTraced`: with
   * its NativeStageSpans; `cacheControl`: the header of that name, or empty.
   */
  inferProto(
    slot: number,
    id: number,
    body: Uint8Array,
    timeoutMillis: number,
    method: Method,
    isTraced: boolean,
    cacheControl: string,
    asTensorContent: boolean,
  ): void;
  /**
   * The method's REST body; answered with the reply body, a string where it is ASCII and small. A
   * body above `decodeOnLoopBytes` must stay as it is until the answer; an ArrayBuffer is given away,
   * and empty then.
   */
  inferJson(
    slot: number,
    id: number,
    body: Uint8Array | ArrayBuffer,
    timeoutMillis: number,
    method: Method,
    isTraced: boolean,
    cacheControl: string,
  ): void;
  /** Where prepareProto and prepareJson leave a NativePrepared. */
  readonly prepared: Float64Array;
  /**
   * Decodes a request and holds it as a task. True: its numbers are in `prepared`, and the slot is
   * not used. False: the slot is answered later, by an error, by a NativePrepared where the body
   * is above `decodeOnLoopBytes`; it must stay as it is until then; or by the reply, where that of an
   * equal request is kept, or was waited for.
   */
  prepareProto(
    slot: number,
    id: number,
    body: Uint8Array,
    method: Method,
    isTraced: boolean,
    cacheControl: string,
    asTensorContent: boolean,
  ): boolean;
  prepareJson(
    slot: number,
    id: number,
    body: Uint8Array | ArrayBuffer,
    method: Method,
    isTraced: boolean,
    cacheControl: string,
  ): boolean;
  /**
   * Runs the tasks together. `slot` is answered with a NativeBatchReport; `slots[i]` in the same
   * delivery with what inferProto or inferJson would answer for `tasks[i]`. A task that cannot share
   * the run of the first one (by model, feeds, fetches, dtypes, shapes) runs alone, and so does each
   * when the shared run fails. The tasks are pending no more.
   *
   * With `begins` and `counts`, a task gives some of its rows only, the next ones it has; it is pending
   * until all are given, and its slot is answered when the last of its slices is done. Null: all.
   *
   * `padTo`: rows of the run at least. `padVariableLength`: rows may differ in shape, and are padded
   * to the largest. `timeoutMillis`: no run begins after it; 0 is none. `strict`: outputs whose
   * dimension 0 is not that of the inputs are an error, as upstream has it.
   */
  runBatch(
    slot: number,
    tasks: readonly number[],
    slots: readonly number[],
    begins: readonly number[] | null,
    counts: readonly number[] | null,
    padTo: number,
    padVariableLength: boolean,
    timeoutMillis: number,
    strict: boolean,
  ): void;
  /**
   * Forgets a pending task, also one some of whose slices run; nothing answers its slot any more. Its client is
   * told `code` elsewhere.
   */
  dropTask(task: number, code: number): void;

  /** Of the process: requests of these models are logged from now on, of no others. */
  configureLogging(models: readonly NativeLogging[], limits: NativeLogLimits): void;
  /** Of the models of which any was to be logged. */
  logCounts(): readonly NativeLogCounts[];
  /** Answered when all that was logged before is in files, and those ended of models no more logged. */
  flushLogs(slot: number): void;
  /**
   * Records requests of the model in memory, as a warm-up file, until endRecording() or one of the bounds is
   * reached. `perShape` 0: any number of each shape. False where that is being done.
   */
  startRecording(model: string, records: number, bytes: number, perShape: number): boolean;
  /** Null where none is under way. */
  recordingCounts(model: string): readonly [records: number, seen: number, isFull: boolean] | null;
  /** The bytes of the file; null where none was under way. */
  endRecording(model: string): Uint8Array | null;
  /** The checks upstream makes before it looks for the model; null when they pass. */
  checkJson(body: Uint8Array | ArrayBuffer, method: Method): NativeFailure | null;
  /** The signature that a body of REST names, empty for none; null: a large one, whose slot is answered with it. */
  jsonSignatureName(slot: number, body: Uint8Array): string | null;
  /** That of a PredictRequest; empty for none, and where it is no request. */
  protoSignatureName(body: Uint8Array): string;
  /** The ModelSpec in field 1 of a request; of MultiInference's first task. */
  readModelSpec(body: Uint8Array, method: Method): NativeModelSpec | NativeFailure;

  /** Inputs in ArrayBuffers from `allocateTensor` are detached and not copied. */
  run(slot: number, id: number, signature: string, inputs: Record<string, NativeTensor>): void;
  allocateTensor(bytes: number): ArrayBuffer;
  addressOf(buffer: ArrayBuffer | Uint8Array): bigint;
}

/**
 * SavedModel: one loaded version in the addon, as the rest of src sees it: a SavedModel, or what is asked as one
 * is, a lookup table, a TFLite or ONNX file. Belongs to the thread that loaded it; runs happen on the addon's own threads.
 */
import { ServingError } from '../status/serving-error.js';
import { addon } from './addon.js';
import { prepareJson, prepareProto, prepareTensors, type Task } from './batch.js';
import type {
  NativeLoaded,
  NativeLoadOptions,
  NativePlan,
  NativePlanOptions,
  RowPolicy,
  SignatureRows,
} from './binding.js';
import type { NativeWarmup, NativeWarmupOptions } from './warmup.js';
import { call, settled, traced, violationsOf, type Done } from './calls.js';
import {
  NO_CONTEXT,
  type InferenceModel,
  type PrimaryAnswer,
  type RunContext,
  type ShadowCall,
} from './inference-model.js';
import type { NativeLoadedModelFile, NativeModelFileOptions } from './openvino.js';
import type { NativeShadowResult } from './shadows.js';
import type { NativeLoadedTable, NativeTableLoadOptions } from './tables.js';
import { flatPicks, type TensorRequest, type TensorSet } from './tensor-sets.js';
import type { Method, NativeTensor } from './values.js';

export interface LoadOptions extends Omit<
  NativeLoadOptions,
  'warmup' | 'plan' | 'rows' | 'refusedOps'
> {
  /** As it was saved, when left out. */
  readonly plan?: NativePlanOptions;
  /** Absent: false. */
  readonly rows?: RowPolicy | null;
  /** Absent: none. */
  readonly refusedOps?: readonly string[];
}

const AS_SAVED: NativePlanOptions = {
  wanted: 'as-saved',
  refusal: '',
  synthetic: false,
  tryPool: false,
  trialMillis: 0,
  keepsNan: false,
  openVino: null,
  known: null,
};

/** Of what has no graph. */
const NO_GRAPH: NativePlan = {
  ...{ plan: 'as-saved', callerThread: true, reason: 'there is no graph', tried: false },
  ...{ fromCheckpoint: false, cases: 0, largestDifference: 0, times: [], variables: 0 },
  ...{
    weightBytes: 0,
    sharedWeights: false,
    noSharedWeights: '',
    noOpenVino: '',
    fused: 0,
    nan: '',
    graph: '',
    micros: 0,
  },
};

export type TableFigures = Pick<NativeLoadedTable, 'rows' | 'ownBytes' | 'fileBytes'>;

/** A version in the addon's process-wide registry; plain data. */
export type LoadedModel = Omit<NativeLoaded, 'warmup' | 'signatureDefMap'> & {
  readonly signatureDefMap: Uint8Array;
};

export interface WarmupOptions extends NativeWarmupOptions {
  /** Called once per load whose session came up, before `load` settles; also when warm-up failed. */
  readonly onWarmup: (warmup: NativeWarmup) => void;
}

/** Of requests in flight that JavaScript hears nothing of; 0: none. */
export interface DirectLimits {
  readonly average: number;
  readonly atOnce: number;
}

export class SavedModel implements InferenceModel {
  readonly #id: number;
  /** Serialized tensorflow.serving.SignatureDefMap, as the model has it. */
  readonly signatureDefMap: Uint8Array;
  /** Names, by the numbers that tasks have of them. */
  readonly signatures: readonly string[];
  /** Null unless it was asked for. */
  readonly rows: readonly SignatureRows[] | null;
  /** How its graph is executed. */
  readonly plan: NativePlan;

  private constructor(loaded: LoadedModel) {
    this.#id = loaded.id;
    this.signatureDefMap = loaded.signatureDefMap;
    this.signatures = loaded.signatures;
    this.rows = loaded.rows;
    this.plan = loaded.plan;
  }

  /**
   * Rejects with TensorFlow's status, or that of the warm-up; with CANCELLED where `stop` is aborted
   * before the end.
   */
  static async load(
    options: LoadOptions,
    warmup: WarmupOptions | null = null,
    stop: AbortSignal | null = null,
  ): Promise<SavedModel> {
    const defaults = { plan: AS_SAVED, rows: null, refusedOps: [] };
    const loaded = await stoppable<NativeLoaded>(stop, (slot) =>
      addon().load(slot, { ...defaults, ...options, warmup }),
    );
    reportWarmup(loaded.warmup, warmup);
    return new SavedModel(loaded);
  }

  /** A lookup table, which requests see as they see a SavedModel. Rejects as `load`. */
  static async loadTable(
    options: NativeTableLoadOptions,
    stop: AbortSignal | null,
  ): Promise<{ readonly model: SavedModel; readonly table: TableFigures }> {
    const loaded = await stoppable<NativeLoadedTable>(stop, (slot) =>
      addon().loadTable(slot, options),
    );
    const { id, signatureDefMap, signatures, rows, ownBytes, fileBytes } = loaded;
    const model = new SavedModel({ id, signatureDefMap, signatures, rows: null, plan: NO_GRAPH });
    return { model, table: { rows, ownBytes, fileBytes } };
  }

  /** A TFLite or ONNX file, likewise. `version`: OpenVINO's. */
  static async loadFile(
    options: Omit<NativeModelFileOptions, 'warmup'>,
    warmup: WarmupOptions | null,
    stop: AbortSignal | null,
  ): Promise<{
    readonly model: SavedModel;
    readonly version: string;
    readonly leftOut: NativeLoadedModelFile['leftOut'];
  }> {
    const loaded = await stoppable<NativeLoadedModelFile>(stop, (slot) =>
      addon().loadModelFile(slot, { ...options, warmup }),
    );
    reportWarmup(loaded.warmup, warmup);
    const { id, signatureDefMap, signatures, rows, leftOut, library: version } = loaded;
    const model = new SavedModel({ id, signatureDefMap, signatures, rows, plan: NO_GRAPH });
    return { model, version, leftOut };
  }

  /** One that another thread has loaded, which unloads it when no other uses it any more. */
  static attached(loaded: LoadedModel): SavedModel {
    return new SavedModel(loaded);
  }

  /** What another thread needs for `attached`. */
  get loaded(): LoadedModel {
    const { signatureDefMap, signatures, rows, plan } = this;
    return { id: this.#id, signatureDefMap, signatures, rows, plan };
  }

  get directId(): number {
    return this.#id;
  }

  /**
   * Requests that come by `directId` are let by while fewer than these are in flight, on average and when
   * they come, for each transport.
   */
  limitDirect({ average, atOnce }: DirectLimits): void {
    addon().limitDirect(this.#id, average, atOnce);
  }

  /** Signature and reason, of each whose answers are not kept, though the model's configuration asks for it. */
  get cacheRefusals(): ReadonlyMap<string, string> {
    const refusals = new Map<string, string>();
    const list = addon().cacheRefusals(this.#id);
    for (let i = 0; i + 1 < list.length; i += 2) refusals.set(list[i] ?? '', list[i + 1] ?? '');
    return refusals;
  }

  /** Resolves when the memory is given back, which waits for the runs in flight. */
  async unload(): Promise<void> {
    await settled<void>((done) => {
      call(done, (slot) => addon().unload(slot, this.#id));
    });
  }

  /** A serialized request to the serialized response. `timeoutMillis` 0 is none. */
  inferProto(
    method: Method,
    body: Uint8Array,
    timeoutMillis: number,
    asTensorContent: boolean,
    done: Done<Uint8Array>,
    { trace, cacheControl }: RunContext = NO_CONTEXT,
  ): void {
    const isTraced = trace !== null;
    call(traced(done, trace), (slot) => {
      addon().inferProto(
        slot,
        this.#id,
        body,
        timeoutMillis,
        method,
        isTraced,
        cacheControl,
        asTensorContent,
      );
    });
  }

  /** OWNERSHIP: as InferenceModel says. */
  inferJson(
    method: Method,
    body: Uint8Array | ArrayBuffer,
    timeoutMillis: number,
    done: Done<string | Uint8Array>,
    { trace, cacheControl }: RunContext = NO_CONTEXT,
  ): void {
    call(traced(done, trace), (slot) => {
      const isTraced = trace !== null;
      addon().inferJson(slot, this.#id, body, timeoutMillis, method, isTraced, cacheControl);
    });
  }

  inferTensors(
    { signature, inputs, outputs }: TensorRequest,
    timeoutMillis: number,
    done: Done<TensorSet>,
    { trace }: RunContext = NO_CONTEXT,
  ): void {
    const picks = flatPicks(inputs);
    call(traced(done, trace), (slot) => {
      const isTraced = trace !== null;
      addon().inferTensors(slot, this.#id, timeoutMillis, isTraced, signature, picks, outputs);
    });
  }

  /** As inferTensors in two steps; see batch.ts. */
  prepareTensors(
    request: TensorRequest,
    done: Done<TensorSet>,
    onTask: (task: Task) => void,
    context: RunContext = NO_CONTEXT,
  ): void {
    prepareTensors(this.#id, request, done, onTask, context);
  }

  /** As inferProto in two steps; see batch.ts. */
  prepareProto(
    method: Method,
    body: Uint8Array,
    asTensorContent: boolean,
    done: Done<Uint8Array>,
    onTask: (task: Task) => void,
    context: RunContext = NO_CONTEXT,
  ): void {
    prepareProto(this.#id, method, body, asTensorContent, done, onTask, context);
  }

  /** As inferJson in two steps; see batch.ts. */
  prepareJson(
    method: Method,
    body: Uint8Array | ArrayBuffer,
    done: Done<string | Uint8Array>,
    onTask: (task: Task) => void,
    context: RunContext = NO_CONTEXT,
  ): void {
    prepareJson(this.#id, method, body, done, onTask, context);
  }

  /** OWNERSHIP: body and reply must stay as they are until `done`. */
  inferShadow(
    { method, isJson, asTensorContent, body }: ShadowCall,
    { code, reply }: PrimaryAnswer,
    tolerance: number,
    done: Done<NativeShadowResult>,
  ): void {
    call(done, (slot) => {
      addon().inferShadow(
        slot,
        this.#id,
        body,
        method,
        isJson,
        asTensorContent,
        code,
        reply,
        tolerance,
      );
    });
  }

  /** All outputs of a signature. Inputs from allocateTensor() are detached. */
  run(
    signature: string,
    inputs: Readonly<Record<string, NativeTensor>>,
  ): Promise<Record<string, NativeTensor>> {
    return settled<Record<string, NativeTensor>>((done) => {
      call(done, (slot) => addon().run(slot, this.#id, signature, inputs));
    });
  }
}

/** Memory that TensorFlow takes without a copy when it is passed to `run`. */
export function allocateTensor(bytes: number): ArrayBuffer {
  return addon().allocateTensor(bytes);
}

export function decodeOnLoopBytes(): number {
  return addon().decodeOnLoopBytes;
}

/** @throws ServingError where the warm-up failed: there is no model then */
function reportWarmup(warmup: NativeWarmup | null, options: WarmupOptions | null): void {
  if (warmup === null) return;
  options?.onWarmup(warmup);
  const { failure } = warmup;
  if (failure !== null) throw new ServingError(failure[0], failure[1], violationsOf(failure[2]));
}

/** A load that ends early, as CANCELLED, once `stop` is aborted. */
function stoppable<T>(stop: AbortSignal | null, load: (slot: number) => void): Promise<T> {
  return settled<T>((done) => {
    let stopLoad = (): void => undefined;
    const ended: Done<T> = (error, value) => {
      stop?.removeEventListener('abort', stopLoad);
      done(error, value);
    };
    call(ended, (slot) => {
      load(slot);
      stopLoad = () => addon().stopLoad(slot);
      if (stop?.aborted === true) stopLoad();
      else stop?.addEventListener('abort', stopLoad);
    });
  });
}

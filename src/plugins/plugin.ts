/**
 * `tensorgate/plugin`: what a module of --plugins exports: platforms, which make servables of folders; hooks, which put
 * signatures around models; sources of versions, and policies that choose among them. It runs in worker threads, never
 * on the loop that serves; docs/plugins.md builds one.
 */

/** What holds the elements of each dtype; of DT_HALF and DT_BFLOAT16 the bits. */
export interface ElementArrays {
  DT_FLOAT: Float32Array;
  DT_DOUBLE: Float64Array;
  DT_INT8: Int8Array;
  DT_INT16: Int16Array;
  DT_INT32: Int32Array;
  DT_INT64: BigInt64Array;
  DT_UINT8: Uint8Array;
  DT_UINT16: Uint16Array;
  DT_UINT32: Uint32Array;
  DT_UINT64: BigUint64Array;
  /** 0 or 1. */
  DT_BOOL: Uint8Array;
  DT_HALF: Uint16Array;
  DT_BFLOAT16: Uint16Array;
}

export type NumericType = keyof ElementArrays;
export type DataType = NumericType | 'DT_STRING';

type NumericTensor<D extends NumericType> = {
  readonly [T in D]: {
    readonly dtype: T;
    readonly shape: readonly number[];
    /** As many elements as the shape says, row by row. */
    readonly data: ElementArrays[T];
  };
}[D];

interface StringTensor<Element> {
  readonly dtype: 'DT_STRING';
  readonly shape: readonly number[];
  readonly data: readonly Element[];
}

/** Of a request. Its memory is shared with others: it must not be written to. */
export type Tensor = NumericTensor<NumericType> | StringTensor<Uint8Array>;
/** Of an answer. Memory of `allocate` is given away with it; other memory is copied. */
export type OutputTensor = NumericTensor<NumericType> | StringTensor<Uint8Array | string>;

export interface TensorInfo {
  readonly dtype: DataType;
  /** -1: any size. Absent: any shape. */
  readonly shape?: readonly number[];
}

export interface Signature {
  readonly inputs: Readonly<Record<string, TensorInfo>>;
  readonly outputs: Readonly<Record<string, TensorInfo>>;
}

export interface RunRequest {
  /** One of the servable's signatures. */
  readonly signature: string;
  /** All inputs of the signature, as it declares them. */
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** The outputs that are wanted; others are left out of the answer. */
  readonly outputs: readonly string[];
  /** Aborted at the request's deadline, whose client is answered by then. */
  readonly signal: AbortSignal;
  /** A tensor of zeros in native memory, which the answer takes over without a copy. */
  readonly allocate: <D extends NumericType>(
    dtype: D,
    shape: readonly number[],
  ) => { readonly dtype: D; readonly shape: readonly number[]; readonly data: ElementArrays[D] };
}

export type Outputs = Readonly<Record<string, OutputTensor>>;

/** One version. */
export interface Servable {
  /** Read once, after the load. Without `serving_default` each request must name its signature. */
  readonly signatures: Readonly<Record<string, Signature>>;
  /**
   * Requests may be run together: of signatures whose tensors all have rows along dimension 0, of any number, and where
   * a row of the outputs depends on that row of the inputs alone.
   */
  readonly batching?: {
    /** Of a run for several requests; one with more rows runs alone. */
    readonly maxRows: number;
  };
  /** A RequestError reaches the client as it is; anything else that is thrown is INTERNAL. */
  run(request: RunRequest): Outputs | Promise<Outputs>;
  /** Called once, when no request is in flight. */
  unload?(): void | Promise<void>;
}

export interface VersionInfo {
  /** Of the model. */
  readonly name: string;
  readonly version: bigint;
  /** Aborted when nobody waits for the version any more. */
  readonly signal: AbortSignal;
}

export interface Platform {
  /** `folder`: the version's, absolute. What it throws is the version's error, and told to who asks for it. */
  load(folder: string, version: VersionInfo): Servable | Promise<Servable>;
}

/** A version of a model of any platform, which a hook is put around. */
export interface ModelInfo extends VersionInfo {
  /** The version's, absolute. */
  readonly folder: string;
  /** Its own. A dtype may be one that no tensor of a plugin can have. */
  readonly signatures: Readonly<Record<string, Signature>>;
}

export interface InferOptions {
  /** One of the version's own; `serving_default` without one. */
  readonly signature?: string;
  /** The outputs that are wanted; without any all. */
  readonly outputs?: readonly string[];
}

export interface HookRequest extends RunRequest {
  /**
   * Runs the version itself, as often as it is called; with the requests of others where it batches, and with what is
   * left of the request's deadline. What it rejects with reaches the client as it is unless it is caught: it has the
   * model's `status` and message.
   */
  readonly infer: (
    inputs: Readonly<Record<string, OutputTensor>>,
    options?: InferOptions,
  ) => Promise<Readonly<Record<string, Tensor>>>;
}

/** Further signatures of one version. */
export interface HookServable {
  /** Read once. One with a name of the version's own takes its place for clients. */
  readonly signatures: Readonly<Record<string, Signature>>;
  /** As a Servable's. */
  run(request: HookRequest): Outputs | Promise<Outputs>;
  /** As a Servable's. */
  unload?(): void | Promise<void>;
}

export interface Hook {
  /** Called for each version of a model that names the hook, once it is loaded. What it throws is the version's error. */
  attach(model: ModelInfo): HookServable | Promise<HookServable>;
}

export interface SourceModel {
  readonly name: string;
  /** Of its configuration: `SOURCE://` and what the source makes of the rest. */
  readonly basePath: string;
  /** Has `versions` asked now rather than at the next look. */
  readonly changed: () => void;
  /** Aborted when the model is not configured so any more. */
  readonly signal: AbortSignal;
}

export interface SourceVersion {
  /** From 0 on. */
  readonly version: bigint | number;
  /** Absolute; complete when it is told. Without one it is fetched when it is to be served. */
  readonly folder?: string;
  /** Another text when the files are others: a version that failed to load is tried again then. */
  readonly fingerprint?: string;
}

export interface Source {
  /**
   * The versions that there are, in any order, served or not. Asked again and again, with the same `model` as long as that
   * is configured. While it throws, what is served stays.
   */
  versions(model: SourceModel): readonly SourceVersion[] | Promise<readonly SourceVersion[]>;
  /** Brings the files of a version to a folder, absolute. Once, unless it throws or the fingerprint is another. */
  fetch?(version: bigint, model: SourceModel): string | Promise<string>;
}

export interface Policy {
  /** Of the versions that are there, highest first, those that are to be served. Asked at each look for versions. */
  choose(
    versions: readonly bigint[],
    model: { readonly name: string },
  ): readonly (bigint | number)[] | Promise<readonly (bigint | number)[]>;
}

/** The module's default export; with at least one thing to offer. */
export interface Plugin {
  /** In logs and error texts. */
  readonly name: string;
  /** By the names that `model_platform` has for them. */
  readonly platforms?: Readonly<Record<string, Platform>>;
  /** By the names that `hooks` of a model's configuration has for them. */
  readonly hooks?: Readonly<Record<string, Hook>>;
  /** By the schemes of the base paths that are theirs: `base_path: "NAME://…"`. */
  readonly sources?: Readonly<Record<string, Source>>;
  /** By the names that `model_version_policy { plugin: "NAME" }` has for them. */
  readonly policies?: Readonly<Record<string, Policy>>;
}

/** `plugin` as it is, for its type. */
export function definePlugin(plugin: Plugin): Plugin {
  return plugin;
}

/** The canonical codes that a plugin may answer with. */
export const REQUEST_STATUSES = [
  'INVALID_ARGUMENT',
  'NOT_FOUND',
  'FAILED_PRECONDITION',
  'OUT_OF_RANGE',
  'RESOURCE_EXHAUSTED',
  'UNIMPLEMENTED',
  'UNAVAILABLE',
] as const;

export type RequestStatus = (typeof REQUEST_STATUSES)[number];

/** An answer that is an error: any Error with such a `status` is one. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly status: RequestStatus;

  constructor(status: RequestStatus, message: string) {
    super(message);
    this.status = status;
  }
}

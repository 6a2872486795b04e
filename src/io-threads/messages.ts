/**
 * What the main thread and the I/O threads ask of each other: every message there is, as [request,
 * answer]. All plain data. A channel keeps the order in which a side asks.
 */
import type { Flags } from '../config/flag-table.js';
import type { ModelConfig } from '../config/model-config.js';
import type { SslConfig } from '../config/ssl-config.js';
import type { ServableState } from '../core/servable.js';
import type { Labels } from '../core/version-labels.js';
import type { Address } from '../listening/addresses.js';
import type { PlainFamily } from '../metrics/family-sum.js';
import type { TensorSet } from '../native/tensor-sets.js';
import type { ModelReplica } from '../servables/model-replica.js';
import type { ServerPhase } from '../service/readiness.js';
import type { Surface } from '../service/surface.js';
import { ServingError, type Violation } from '../status/serving-error.js';

/** What the main thread asks of an I/O thread. */
export interface ThreadCalls {
  /** Once, before anything else. */
  open: [ThreadOptions, void];
  listen: [ThreadListen, void];
  /** Other certificates; answered with those that cannot take them. */
  renew: [SslConfig, readonly string[]];
  update: [CatalogUpdate, void];
  /** What the server is about, for probes; `starting` until it is told. */
  phase: [ServerPhase, void];
  /** Answered when nothing on the thread uses the model of that number any more. */
  retire: [number, void];
  metrics: [null, readonly PlainFamily[]];
  /** Accept nothing more; answered when all that came in has its answer. */
  drain: [null, void];
  /** End all requests. */
  destroy: [null, void];
  /** Not answered: the thread ends. */
  end: [null, void];
}

/** What an I/O thread asks of the main thread, on behalf of a client. */
export interface ControlCalls {
  /** A ReloadConfigRequest to its response. */
  reload: [ControlCall, Uint8Array];
  /** A request of AdminService to its response. */
  admin: [ControlCall & { readonly method: string }, Uint8Array];
  /** The caller of that call waits no more. */
  left: [{ readonly call: string; readonly error: PlainError }, void];
  /** A token to the number of its principal, as VerifyToken. */
  verify: [string, number];
  /** The page of metrics. */
  page: [null, Uint8Array];
  /** Runs what the main thread alone can run; answered with a set of tensors, to be taken over. */
  run: [RemoteRun, TensorSet];
}

export interface RemoteRun {
  /** The addon's number of the model. */
  readonly model: number;
  /** The I/O thread's. */
  readonly inputs: TensorSet;
  readonly signature: string;
  readonly outputs: readonly string[];
  /** From now on; 0 is none. */
  readonly timeoutMillis: number;
}

export interface ControlCall {
  /** Unlike any other. */
  readonly call: string;
  readonly request: Uint8Array;
}

export interface ThreadOptions {
  /** From 1 on. */
  readonly number: number;
  readonly threads: number;
  readonly flags: Flags;
  readonly surface: Surface;
  readonly ssl: SslConfig | null;
  readonly channelOptions: Readonly<Record<string, number>>;
  /** Null: nothing is counted. */
  readonly metricsPath: string | null;
  /** Whether the page is served at that path. */
  readonly hasPage: boolean;
  /** Of the schedulers of batches; null: nothing is batched. */
  readonly batchThreads: number | null;
  /** Int32: how many of those are in use. */
  readonly busyThreads: SharedArrayBuffer;
  /** BigInt64: bytes of the REST bodies that are held. */
  readonly bufferedBytes: SharedArrayBuffer;
}

export interface ThreadListen {
  readonly protocol: 'gRPC' | 'REST';
  readonly native: boolean;
  readonly addresses: readonly Address[];
}

export interface CatalogUpdate {
  /** Those that changed. */
  readonly models: readonly ModelState[];
  /** Null: as before. */
  readonly configuration: Configuration | null;
}

export interface ModelState {
  readonly name: string;
  /** Highest first. */
  readonly statuses: readonly PlainStatus[];
  /** Why it does not serve. */
  readonly trouble: PlainError | null;
  /** That are AVAILABLE, highest first. */
  readonly versions: readonly (readonly [version: bigint, replica: ModelReplica])[];
  /** What answers requests that name no version. */
  readonly latest: bigint | null;
}

export interface Configuration {
  readonly models: readonly ModelConfig[];
  readonly labels: ReadonlyMap<string, Labels> | null;
}

export interface PlainStatus {
  readonly version: bigint;
  readonly state: ServableState;
  readonly error: PlainError | null;
}

export interface PlainError {
  readonly code: number;
  readonly message: string;
  readonly violations: readonly Violation[];
}

export function plainError({ code, message, violations }: ServingError): PlainError {
  return { code, message, violations };
}

export function errorOf({ code, message, violations }: PlainError): ServingError {
  return new ServingError(code, message, violations);
}

/**
 * Platform: one kind of servable, by the name that `model_platform` has for it: how a version's folder becomes
 * something that answers requests. A registry has those of a server.
 */
import type { Flags } from '../config/flag-table.js';
import type { Loader } from '../core/loader.js';
import type { ServableId } from '../core/servable.js';
import type { Log } from '../log/log.js';
import type { NativeWarmup } from '../native/warmup.js';
import type { InferenceModel } from '../native/inference-model.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import type { BatchedSignatures } from './batched-signatures.js';
import type { ExecutionPlans } from './execution-plans.js';
import type { LoadMemory } from './load-memory.js';
import type { ModelBatching } from './model-batching.js';
import type { ReplicaRun } from './model-replica.js';
import type { ResponseCaches } from './response-caches.js';
import type { ServedModels } from './served-models.js';

/** What a server gives to its platforms. */
export interface PlatformContext {
  readonly flags: Flags;
  readonly log: Log;
  /** Serialized tensorflow.ConfigProto, and whether graphs run on the run pool's own threads. */
  readonly configProto: Uint8Array;
  readonly runInCallerThread: boolean;
  /** Tags of the meta graph to serve. */
  readonly tags: readonly string[];
  readonly plans: ExecutionPlans;
  readonly batchedSignatures: BatchedSignatures;
  readonly responseCaches: ResponseCaches;
  /** Null: nothing is batched. Known once the server is prepared. */
  readonly batching: () => ModelBatching | null;
  /** All that is served, for servables that run others. Known once the server is made. */
  readonly models: ServedModels;
  /** Shared by all loads; null checks nothing. */
  readonly memory: LoadMemory | null;
  /** Path of libopenvino_c.so, once it is there; rejects where it cannot be had. */
  readonly openVino: () => Promise<string>;
  /** Called after each warm-up, whether it failed or not. */
  readonly onWarmup: (id: ServableId, path: string, warmup: NativeWarmup) => void;
}

export interface Platform {
  /** Loads, and unloads, the version whose folder is `path`. */
  loaderFor(id: ServableId, path: string): Loader<InferenceModel>;
}

/** A platform that a server may have. */
export interface PlatformKind {
  /** The file without which a folder is no version; null: any folder is one. */
  readonly mainFile: string | null;
  readonly create: (context: PlatformContext) => Platform;
  /** Of one that makes DeclaredModels with recipes: how I/O threads run these. */
  readonly replica?: ReplicaRun;
}

export class PlatformRegistry {
  readonly #platforms: ReadonlyMap<string, Platform>;

  constructor(kinds: ReadonlyMap<string, PlatformKind>, context: PlatformContext) {
    this.#platforms = new Map([...kinds].map(([name, { create }]) => [name, create(context)]));
  }

  /** @throws ServingError INVALID_ARGUMENT */
  of(name: string): Platform {
    const platform = this.#platforms.get(name);
    if (platform !== undefined) return platform;
    throw new ServingError(StatusCode.INVALID_ARGUMENT, `there is no platform ${name}`);
  }
}

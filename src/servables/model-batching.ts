/**
 * ModelBatching: whether and how the versions of models are batched, by flags and by the files that are
 * read for them. Owns the scheduler whose threads all models share.
 */
import { access } from 'node:fs/promises';
import { join } from 'node:path';

import {
  AutoQueue,
  BatchScheduler,
  BatchStatistics,
  queueOptions,
  SharedThreads,
  systemBatchClock,
  TunedQueue,
  type BatchingParameters,
  type BatchingQueue,
} from '../batching/index.js';
import { NO_PARAMETERS } from '../batching/queue-options.js';
import type { Flags } from '../config/flag-table.js';
import type { QueueStatistics } from '../metrics/batching-metrics.js';
import type { PlanName, RowPolicy } from '../native/binding.js';
import { soon } from '../native/calls.js';
import { batchThreads, readBatchingParameters } from './batching-parameters-file.js';

/** Beside the model in the folder of a version, as upstream. */
const VERSION_PARAMETERS = 'batching_params.pbtxt';

/** Batches of --batching=auto stop growing by themselves, as a rule long before this. */
const MAX_BATCH_ROWS = 1024;

/**
 * XLA compiles each size of a batch anew, and a size that is not its first when it comes the second time:
 * so few sizes, each twice in the warm-up.
 */
const COMPILED = { sizes: [1, 2, 4, 8, 16, 32, 64], maxBatchRows: 64 };

const isCompiled = (plan: string): boolean => plan === 'frozen+xla';

/** How the requests of one version are batched. */
export interface BatchingSettings {
  /** That all else here comes from. */
  readonly parameters: BatchingParameters;
  readonly scheduler: BatchScheduler;
  /** Counts into the statistics of the model's signature; '' where it is of several. */
  newQueue<T>(signature: string, plan: PlanName): BatchingQueue<T>;
  /** Tasks of unequal shape are merged, padded to the largest. */
  readonly padVariableLength: boolean;
  /** Sizes of batches to warm up with. */
  readonly batchRows: readonly number[];
  /** Whether even a batch of one request may have to be padded. */
  mayPad(plan: PlanName): boolean;
  /**
   * Requests that cannot be batched are errors, as upstream; otherwise they run alone, as do those of
   * signatures whose rows are not known to be independent.
   */
  readonly strict: boolean;
  /** How it is found out whether rows are independent; null where batching was asked for. */
  readonly rows: RowPolicy | null;
  /** The model's share of the threads, as it is configured now. */
  readonly weight: () => number;
}

/** What the ModelBatching of several JavaScript threads share. */
export interface SharedBatching {
  readonly schedulers: number;
  /** Of the run pool; how many are in use, in shared memory. */
  readonly busyThreads: Int32Array;
}

export class ModelBatching {
  readonly scheduler: BatchScheduler;
  readonly #flags: Flags;
  readonly #parameters: BatchingParameters;
  readonly #weightOf: (name: string) => number;
  readonly #assumesIndependentRows: (name: string) => boolean;
  /** That have queues like these: what may wait is divided among them. */
  readonly #schedulers: number;
  /** Of every model and signature ever batched, by both. */
  readonly #statistics = new Map<string, Map<string, BatchStatistics>>();

  private constructor(
    flags: Flags,
    parameters: BatchingParameters,
    threads: number,
    weightOf: (name: string) => number,
    assumesIndependentRows: (name: string) => boolean,
    shared: SharedBatching | null,
  ) {
    this.#flags = flags;
    this.#weightOf = weightOf;
    this.#assumesIndependentRows = assumesIndependentRows;
    this.#parameters = parameters;
    const { schedulers = 1, busyThreads } = shared ?? {};
    this.#schedulers = schedulers;
    const sharedThreads = busyThreads && new SharedThreads(threads, schedulers, busyThreads);
    this.scheduler = new BatchScheduler(threads, { ...systemBatchClock, soon }, sharedThreads);
  }

  /** For versions that another thread has loaded, with the `threads` of its ModelBatching. */
  static replica(
    flags: Flags,
    threads: number,
    weightOf: (name: string) => number,
    shared: SharedBatching,
  ): ModelBatching {
    return new ModelBatching(flags, NO_PARAMETERS, threads, weightOf, () => false, shared);
  }

  /**
   * Null where nothing is to be batched. `runThreads` is the size of the run pool; `given` stands for
   * the file of parameters, where not null.
   * @throws ServingError for parameters that the server cannot start with
   */
  static async from(
    flags: Flags,
    cpus: number,
    runThreads: number,
    weightOf: (name: string) => number,
    assumesIndependentRows: (name: string) => boolean,
    shared: SharedBatching | null = null,
    given: BatchingParameters | null = null,
  ): Promise<ModelBatching | null> {
    const { batching_parameters_file: file } = flags;
    if (!flags.enable_batching) {
      if (flags.batching !== 'auto') return null;
      return new ModelBatching(
        flags,
        NO_PARAMETERS,
        runThreads,
        weightOf,
        assumesIndependentRows,
        shared,
      );
    }
    const parameters = given ?? (file === '' ? NO_PARAMETERS : await readBatchingParameters(file));
    const threads = batchThreads(parameters, cpus);
    return new ModelBatching(flags, parameters, threads, weightOf, assumesIndependentRows, shared);
  }

  /** Threads that the run pool needs for this. */
  get threads(): number {
    return this.scheduler.threads;
  }

  /**
   * For the version in that folder; null: not batched.
   * @throws ServingError for parameters that no queue can have; the load then fails
   */
  async of(name: string, path: string): Promise<BatchingSettings | null> {
    const parameters = await this.#parametersOf(path);
    return parameters === null ? null : this.settings(name, parameters);
  }

  /** @throws ServingError for parameters that no queue can have */
  settings(name: string, parameters: BatchingParameters): BatchingSettings {
    const weight = (): number => this.#weightOf(name);
    const common = { parameters, scheduler: this.scheduler, weight };
    if (!this.#flags.enable_batching) {
      const options = {
        capacity: Math.ceil(this.#flags.run_queue_capacity / this.#schedulers),
        budgetMillis: this.#flags.batching_latency_budget_ms,
        maxBatchRows: MAX_BATCH_ROWS,
        threads: this.threads,
      };
      return {
        ...common,
        newQueue: <T>(signature: string, plan: PlanName) =>
          new AutoQueue<T>(
            isCompiled(plan) ? { ...options, ...COMPILED } : options,
            this.#statisticsOf(name, signature),
          ),
        padVariableLength: false,
        batchRows: isCompiled(this.#flags.plan)
          ? COMPILED.sizes.flatMap((rows) => [rows, rows])
          : [],
        mayPad: isCompiled,
        strict: false,
        rows: this.#assumesIndependentRows(name) ? 'assume-independent' : 'prove',
      };
    }
    const options = queueOptions(parameters);
    const maxBatches = Math.ceil(options.maxBatches / this.#schedulers);
    return {
      ...common,
      newQueue: <T>(signature: string) =>
        new TunedQueue<T>({ ...options, maxBatches }, this.#statisticsOf(name, signature)),
      padVariableLength: parameters.padVariableLengthInputs,
      batchRows: options.allowedRows.filter((rows) => rows > 0),
      mayPad: () => true,
      strict: true,
      rows: null,
    };
  }

  get statistics(): QueueStatistics[] {
    const all: QueueStatistics[] = [];
    for (const [model, signatures] of this.#statistics) {
      for (const [signature, statistics] of signatures) all.push({ model, signature, statistics });
    }
    return all;
  }

  #statisticsOf(name: string, signature: string): BatchStatistics {
    const signatures = this.#statistics.get(name) ?? new Map<string, BatchStatistics>();
    this.#statistics.set(name, signatures);
    const statistics = signatures.get(signature) ?? new BatchStatistics();
    signatures.set(signature, statistics);
    return statistics;
  }

  /** Null: upstream does not batch a version without a file where each is to have its own. */
  async #parametersOf(path: string): Promise<BatchingParameters | null> {
    const { enable_batching, enable_per_model_batching_parameters } = this.#flags;
    if (!enable_batching || !enable_per_model_batching_parameters) return this.#parameters;
    const file = join(path, VERSION_PARAMETERS);
    try {
      await access(file);
    } catch {
      return null;
    }
    return readBatchingParameters(file);
  }
}

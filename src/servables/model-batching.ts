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
  systemBatchClock,
  TunedQueue,
  type BatchingParameters,
  type BatchingQueue,
} from '../batching/index.js';
import { NO_PARAMETERS } from '../batching/queue-options.js';
import type { Flags } from '../config/flag-table.js';
import { soon } from '../native/calls.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import { readBatchingParameters } from './batching-parameters-file.js';

/** Beside the model in the folder of a version, as upstream. */
const VERSION_PARAMETERS = 'batching_params.pbtxt';

/** Batches of --batching=auto stop growing by themselves, as a rule long before this. */
const MAX_BATCH_ROWS = 1024;

/** How the requests of one version are batched. */
export interface BatchingSettings {
  readonly scheduler: BatchScheduler;
  /** Counts into the statistics of the model. */
  newQueue<T>(): BatchingQueue<T>;
  /** Tasks of unequal shape are merged, padded to the largest. */
  readonly padVariableLength: boolean;
  /** Requests that cannot be batched are errors, as upstream; otherwise they run alone. */
  readonly strict: boolean;
}

export class ModelBatching {
  readonly scheduler: BatchScheduler;
  readonly #flags: Flags;
  readonly #parameters: BatchingParameters;
  /** Of every model ever batched, all its versions and signatures. */
  readonly statistics = new Map<string, BatchStatistics>();

  private constructor(flags: Flags, parameters: BatchingParameters, threads: number) {
    this.#flags = flags;
    this.#parameters = parameters;
    this.scheduler = new BatchScheduler(threads, { ...systemBatchClock, soon });
  }

  /**
   * Null where nothing is to be batched. `runThreads` is the size of the run pool.
   * @throws ServingError for parameters that the server cannot start with
   */
  static async from(flags: Flags, cpus: number, runThreads: number): Promise<ModelBatching | null> {
    const { batching_parameters_file: file } = flags;
    if (!flags.enable_batching) {
      if (flags.batching !== 'auto') return null;
      return new ModelBatching(flags, NO_PARAMETERS, runThreads);
    }
    const parameters = file === '' ? NO_PARAMETERS : await readBatchingParameters(file);
    const threads = parameters.numBatchThreads ?? cpus;
    if (threads <= 0) {
      throw new ServingError(
        StatusCode.INVALID_ARGUMENT,
        `num_batch_threads must be positive; was ${threads}`,
      );
    }
    return new ModelBatching(flags, parameters, threads);
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
    const { scheduler } = this;
    const statistics = this.#statisticsOf(name);
    if (!this.#flags.enable_batching) return this.#auto(statistics);
    const parameters = await this.#parametersOf(path);
    if (parameters === null) return null;
    const options = queueOptions(parameters);
    return {
      scheduler,
      newQueue: <T>() => new TunedQueue<T>(options, statistics),
      padVariableLength: parameters.padVariableLengthInputs,
      strict: true,
    };
  }

  #auto(statistics: BatchStatistics): BatchingSettings {
    const { scheduler } = this;
    const options = {
      capacity: this.#flags.run_queue_capacity,
      budgetMillis: this.#flags.batching_latency_budget_ms,
      maxBatchRows: MAX_BATCH_ROWS,
      threads: scheduler.threads,
    };
    return {
      scheduler,
      newQueue: <T>() => new AutoQueue<T>(options, statistics),
      padVariableLength: false,
      strict: false,
    };
  }

  #statisticsOf(name: string): BatchStatistics {
    const statistics = this.statistics.get(name) ?? new BatchStatistics();
    this.statistics.set(name, statistics);
    return statistics;
  }

  async #parametersOf(path: string): Promise<BatchingParameters | null> {
    if (!this.#flags.enable_per_model_batching_parameters) return this.#parameters;
    const file = join(path, VERSION_PARAMETERS);
    try {
      await access(file);
    } catch {
      return null;
    }
    return readBatchingParameters(file);
  }
}

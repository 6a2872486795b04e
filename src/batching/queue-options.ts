/**
 * The settings of a queue that is tuned by hand: upstream's BatchingParameters with upstream's
 * defaults, rules and error texts.
 */
import { ServingError, StatusCode } from '../status/serving-error.js';

/** As the file has them; null where it does not. */
export interface BatchingParameters {
  readonly maxBatchSize: number | null;
  readonly batchTimeoutMicros: number | null;
  readonly maxEnqueuedBatches: number | null;
  readonly numBatchThreads: number | null;
  readonly allowedBatchSizes: readonly number[];
  readonly padVariableLengthInputs: boolean;
  readonly enableLargeBatchSplitting: boolean;
  readonly maxExecutionBatchSize: number | null;
}

export const NO_PARAMETERS: BatchingParameters = {
  maxBatchSize: null,
  batchTimeoutMicros: null,
  maxEnqueuedBatches: null,
  numBatchThreads: null,
  allowedBatchSizes: [],
  padVariableLengthInputs: false,
  enableLargeBatchSplitting: false,
  maxExecutionBatchSize: null,
};

export interface QueueOptions {
  /** Rows of the largest task; Infinity: any. */
  readonly maxTaskRows: number;
  /** Rows of the largest batch. */
  readonly maxBatchRows: number;
  /** How long the first task of a batch waits for others. */
  readonly timeoutMillis: number;
  /** Batches that wait, the open one included. */
  readonly maxBatches: number;
  /** Batches are padded up to the first of these that holds them; empty: not padded. */
  readonly allowedRows: readonly number[];
  /** Tasks larger than what fits are cut. */
  readonly split: boolean;
}

const DEFAULT_MAX_BATCH_SIZE = 1000;
const DEFAULT_MAX_ENQUEUED_BATCHES = 10;

/** @throws ServingError INVALID_ARGUMENT: the load of a model with such parameters fails */
export function queueOptions(parameters: BatchingParameters): QueueOptions {
  const { maxBatchSize, batchTimeoutMicros, maxEnqueuedBatches, allowedBatchSizes } = parameters;
  const limit = maxBatchSize ?? DEFAULT_MAX_BATCH_SIZE;
  if (limit === 0) refuse('input_batch_size_limit must be positive; was 0');
  const timeout = batchTimeoutMicros ?? 0;
  if (timeout < 0) refuse(`batch_timeout_micros must be non-negative; was ${timeout}`);
  const split = parameters.enableLargeBatchSplitting;
  const batches = maxEnqueuedBatches ?? DEFAULT_MAX_ENQUEUED_BATCHES;
  if (split && batches <= 0) refuse(`max_enqueued_batches must be positive; was ${batches}`);
  const last = allowedBatchSizes.at(-1);
  if (last !== undefined && last !== limit) {
    refuse(
      'Last entry in allowed_batch_sizes must match max_batch_size; last entry was ' +
        `${last}; expected ${limit}`,
    );
  }
  // Upstream does not limit requests by a negative value.
  const maxTaskRows = limit < 0 ? Infinity : limit;
  const maxBatchRows = split ? (parameters.maxExecutionBatchSize ?? maxTaskRows) : maxTaskRows;
  if (split && maxBatchRows <= 0) {
    refuse(`max_execution_batch_size must be positive; was ${maxBatchRows}`);
  }
  if (split && maxBatchRows > maxTaskRows) {
    refuse(
      'When enable_large_batch_splitting is true, input_batch_size_limit must be greater than or ' +
        `equal to max_execution_batch_size. max_execution_batch_size: ${maxBatchRows}, ` +
        `input_batch_size_limit: ${maxTaskRows}`,
    );
  }
  return {
    maxTaskRows,
    maxBatchRows,
    timeoutMillis: timeout / 1000,
    maxBatches: Math.max(1, batches),
    allowedRows: allowedBatchSizes,
    split,
  };
}

function refuse(message: string): never {
  throw new ServingError(StatusCode.INVALID_ARGUMENT, message);
}

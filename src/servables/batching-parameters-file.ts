/** The text file of --batching_parameters_file, and batching_params.pbtxt of a version. */
import { readTextProtoFile } from '../config/text-proto.js';
import type { BatchingParameters } from '../batching/queue-options.js';
import { loadProtos } from '../protos/protos.js';
import { ServingError, StatusCode } from '../status/serving-error.js';

/** A wrapper message of the file; empty where its value is 0 or false. */
interface Wrapped<T> {
  readonly value?: T;
}

interface ParametersMessage {
  readonly max_batch_size?: Wrapped<bigint>;
  readonly batch_timeout_micros?: Wrapped<bigint>;
  readonly max_enqueued_batches?: Wrapped<bigint>;
  readonly num_batch_threads?: Wrapped<bigint>;
  readonly allowed_batch_sizes?: readonly bigint[];
  readonly pad_variable_length_inputs?: boolean;
  readonly enable_large_batch_splitting?: Wrapped<boolean>;
  readonly max_execution_batch_size?: Wrapped<bigint>;
}

/** @throws ServingError NOT_FOUND or INVALID_ARGUMENT, upstream's texts */
export async function readBatchingParameters(file: string): Promise<BatchingParameters> {
  const root = loadProtos(['tensorflow_serving/servables/tensorflow/session_bundle_config.proto']);
  const type = root.lookupType('tensorflow.serving.BatchingParameters');
  return batchingParametersOf(await readTextProtoFile(type, file));
}

/** Of a tensorflow.serving.BatchingParameters. */
export function batchingParametersOf(plain: Record<string, unknown>): BatchingParameters {
  const message = plain as ParametersMessage;
  return {
    maxBatchSize: numberOf(message.max_batch_size),
    batchTimeoutMicros: numberOf(message.batch_timeout_micros),
    maxEnqueuedBatches: numberOf(message.max_enqueued_batches),
    numBatchThreads: numberOf(message.num_batch_threads),
    allowedBatchSizes: (message.allowed_batch_sizes ?? []).map(Number),
    padVariableLengthInputs: message.pad_variable_length_inputs ?? false,
    enableLargeBatchSplitting: message.enable_large_batch_splitting?.value ?? false,
    maxExecutionBatchSize: numberOf(message.max_execution_batch_size),
  };
}

/** How many batches may run at once. @throws ServingError INVALID_ARGUMENT: no server starts with it */
export function batchThreads({ numBatchThreads }: BatchingParameters, cpus: number): number {
  const threads = numBatchThreads ?? cpus;
  if (threads > 0) return threads;
  throw new ServingError(
    StatusCode.INVALID_ARGUMENT,
    `num_batch_threads must be positive; was ${threads}`,
  );
}

function numberOf(wrapped: Wrapped<bigint> | undefined): number | null {
  return wrapped === undefined ? null : Number(wrapped.value ?? 0n);
}

/**
 * LoggingConfig: which requests of a model are logged, and the names of the files they go to: the checked
 * form of tensorflow.serving.LoggingConfig. Its collector is ours: TFRecord files of PredictionLogs. Pure.
 */
import { ServingError, StatusCode } from '../status/serving-error.js';

export interface LoggingConfig {
  /** 0 to 1. */
  readonly samplingRate: number;
  /** Below --request_log_dir: folders, and how the names of the files begin. */
  readonly filenamePrefix: string;
  /** As it was given. */
  readonly message: LoggingMessage;
}

export interface LoggingMessage {
  readonly log_collector_config?: { readonly type?: string; readonly filename_prefix?: string };
  readonly sampling_config?: {
    readonly sampling_rate?: number;
    readonly attributes?: number;
    readonly per_task_sampling_configs?: readonly unknown[];
  };
  readonly custom_logging_config?: unknown;
}

/** The collector's type; none says the same. */
const COLLECTOR = 'tfrecord';

/** Null: none is given. @throws ServingError INVALID_ARGUMENT */
export function loggingOf(
  model: string,
  message: LoggingMessage | undefined,
): LoggingConfig | null {
  if (message === undefined) return null;
  const refuse = (what: string): never => {
    throw new ServingError(
      StatusCode.INVALID_ARGUMENT,
      `The logging_config of model ${model}: ${what}`,
    );
  };
  const { log_collector_config: collector = {}, sampling_config: sampling = {} } = message;
  const { type = '', filename_prefix: given = '' } = collector;
  if (type !== '' && type !== COLLECTOR) {
    refuse(`log_collector_config.type must be "${COLLECTOR}" or empty, got "${type}"`);
  }
  const { sampling_rate: samplingRate = 0 } = sampling;
  if (!(samplingRate >= 0 && samplingRate <= 1)) {
    refuse(`sampling_config.sampling_rate must be 0 to 1, got ${samplingRate}`);
  }
  if ((sampling.per_task_sampling_configs ?? []).length > 0) {
    refuse('sampling_config.per_task_sampling_configs are not supported');
  }
  if (message.custom_logging_config !== undefined) {
    refuse('custom_logging_config is not supported');
  }
  const filenamePrefix = given === '' ? encodeURIComponent(model) : given;
  if (!isPrefix(filenamePrefix)) {
    refuse(
      'log_collector_config.filename_prefix must be a path below --request_log_dir, without ".." and ' +
        `empty parts, that ends in the beginning of a file name; got "${given}"`,
    );
  }
  return { samplingRate, filenamePrefix, message };
}

function isPrefix(path: string): boolean {
  const parts = path.split('/');
  return (
    !path.includes('\0') && parts.every((part) => part !== '' && part !== '.' && part !== '..')
  );
}

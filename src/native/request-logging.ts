/** Logged requests, as the addon is told and tells of them. */
export interface NativeLogging {
  readonly name: string;
  /** 0 to 1. */
  readonly samplingRate: number;
  /** Absolute; how the names of the files begin. */
  readonly pathPrefix: string;
  /** Fields of tensorflow.serving.LogMetadata beyond model_spec and timestamp_secs. */
  readonly metadata: Uint8Array;
}

export interface NativeLogLimits {
  /** Of all requests that are sampled and not yet written. */
  readonly queueBytes: number;
  readonly fileBytes: number;
  /** Of all files of a model. */
  readonly totalBytes: number;
  readonly fileSeconds: number;
}

export type NativeLogCounts = readonly [
  model: string,
  written: number,
  /** For want of memory. */
  dropped: number,
  /** That could not be written. */
  failed: number,
  diskBytes: number,
  /** Why the last of those that failed did; or empty. */
  lastError: string,
];

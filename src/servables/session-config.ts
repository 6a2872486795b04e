/** How TensorFlow sessions and the run pool are sized, from upstream's flags and files and the usable CPUs. */
import protobuf from 'protobufjs';

import type { Flags } from '../config/flag-table.js';
import type { SessionOptions } from '../config/platform-config.js';
import { ServingError, StatusCode } from '../status/serving-error.js';

export interface SessionConfig {
  /** Serialized tensorflow.ConfigProto. */
  readonly configProto: Uint8Array;
  readonly runInCallerThread: boolean;
  readonly runThreads: number;
  /** As many as the graph's ops may use at once. */
  readonly intraOpThreads: number;
}

/** Wire tags of the ConfigProto fields that are set: field number × 8, with the wire type. */
const INTRA_OP_TAG = 2 << 3;
const INTER_OP_TAG = 5 << 3;
const ALLOW_SOFT_PLACEMENT_TAG = 7 << 3;
const GPU_OPTIONS_TAG = (6 << 3) | 2;
/** Of GPUOptions. */
const MEMORY_FRACTION_TAG = (1 << 3) | 1;

/** `given`: of a file. @throws ServingError INVALID_ARGUMENT for a combination that upstream refuses */
export function sessionConfig(flags: Flags, given: SessionOptions, cpus: number): SessionConfig {
  const both = flags.tensorflow_session_parallelism;
  const intra = flags.tensorflow_intra_op_parallelism;
  const inter = flags.tensorflow_inter_op_parallelism;
  if (both > 0 && intra > 0 && inter > 0) {
    throw new ServingError(
      StatusCode.INVALID_ARGUMENT,
      'Either configure server_options.tensorflow_session_parallelism or ' +
        '(server_options.tensorflow_intra_op_parallelism, ' +
        'server_options.tensorflow_inter_op_parallelism) separately. You cannot configure all.',
    );
  }
  const separate = intra > 0 || inter > 0;
  const intraAsked = (separate ? intra : both) || given.intraOpThreads;
  const interAsked = (separate ? inter : both) || given.interOpThreads;
  // Who asks for inter-op threads has graphs with parallel branches: they then run on TensorFlow's
  // pool and our threads only wait for it. Otherwise the thread that takes a run executes it.
  const runInCallerThread = interAsked <= 0 && !given.hasPools;
  const atOnce = Math.max(flags.rest_api_num_threads, flags.grpc_max_threads);
  const runThreads =
    flags.run_pool_threads > 0
      ? flags.run_pool_threads
      : runInCallerThread
        ? Math.min(cpus, atOnce)
        : atOnce;
  const writer = protobuf.Writer.create()
    .uint32(INTRA_OP_TAG)
    .int32(intraAsked || cpus)
    .uint32(INTER_OP_TAG)
    .int32(interAsked || cpus)
    // A graph pinned to a GPU is served on the CPU where there is none.
    .uint32(ALLOW_SOFT_PLACEMENT_TAG)
    .bool(true);
  const fraction = flags.per_process_gpu_memory_fraction;
  if (fraction !== 0) {
    writer.uint32(GPU_OPTIONS_TAG).fork().uint32(MEMORY_FRACTION_TAG).double(fraction).ldelim();
  }
  // Protobuf merges what is appended.
  const configProto = Buffer.concat([given.proto, writer.finish()]);
  return { configProto, runInCallerThread, runThreads, intraOpThreads: intraAsked || cpus };
}

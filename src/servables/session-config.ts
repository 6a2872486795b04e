/** How TensorFlow sessions and the run pool are sized, from upstream's flags and the usable CPUs. */
import protobuf from 'protobufjs';

import type { Flags } from '../config/flag-table.js';
import { ServingError, StatusCode } from '../status/serving-error.js';

export interface SessionConfig {
  /** Serialized tensorflow.ConfigProto. */
  readonly configProto: Uint8Array;
  readonly runInCallerThread: boolean;
  readonly runThreads: number;
}

/** Wire tags of the ConfigProto fields that are set: field number × 8, type varint. */
const INTRA_OP_TAG = 2 << 3;
const INTER_OP_TAG = 5 << 3;
const ALLOW_SOFT_PLACEMENT_TAG = 7 << 3;

/** @throws ServingError INVALID_ARGUMENT for a combination that upstream refuses */
export function sessionConfig(flags: Flags, cpus: number): SessionConfig {
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
  const intraThreads = (separate ? intra : both) || cpus;
  const interThreads = (separate ? inter : both) || cpus;
  // Who asks for inter-op threads has graphs with parallel branches: they then run on TensorFlow's
  // pool and our threads only wait for it. Otherwise the thread that takes a run executes it.
  const runInCallerThread = (separate ? inter : both) <= 0;
  const atOnce = Math.max(flags.rest_api_num_threads, flags.grpc_max_threads);
  const runThreads =
    flags.run_pool_threads > 0
      ? flags.run_pool_threads
      : runInCallerThread
        ? Math.min(cpus, atOnce)
        : atOnce;
  const configProto = protobuf.Writer.create()
    .uint32(INTRA_OP_TAG)
    .int32(intraThreads)
    .uint32(INTER_OP_TAG)
    .int32(interThreads)
    // A graph pinned to a GPU is served on the CPU where there is none.
    .uint32(ALLOW_SOFT_PLACEMENT_TAG)
    .bool(true)
    .finish();
  return { configProto, runInCallerThread, runThreads };
}

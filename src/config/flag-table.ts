/**
 * The command line as data: upstream's flags in upstream's order, then tensorgate's own.
 * Names, types, order and defaults are upstream's (tensorflow_model_server 2.20); the help
 * texts are ours. Parsing is in flags.ts, printing in usage.ts.
 */

export type FlagType = 'int32' | 'int64' | 'bool' | 'string' | 'float';

/** A default may depend on how many CPUs the process may use. */
export type FlagDefault = boolean | number | string | ((cpus: number) => number);

export interface FlagSpec {
  readonly name: string;
  readonly type: FlagType;
  readonly default: FlagDefault;
  /** `later`: accepted and checked, but without effect so far; a non-default value warns. */
  readonly effect: 'served' | 'later';
  readonly help: string;
  /** The only values a string flag takes; any when absent. */
  readonly choices?: readonly string[];
  /** Values below are refused at start, where upstream aborts. */
  readonly atLeast?: number;
}

/** THREAD: any; constant. Declaration order is the order of the usage text. */
export const UPSTREAM_FLAGS = [
  {
    name: 'port',
    type: 'int32',
    default: 8500,
    effect: 'served',
    help: 'TCP port for gRPC; 0 opens none',
  },
  {
    name: 'grpc_socket_path',
    type: 'string',
    default: '',
    effect: 'served',
    help: 'UNIX socket for gRPC, absolute or relative path; empty opens none',
  },
  {
    name: 'rest_api_port',
    type: 'int32',
    default: 0,
    effect: 'served',
    help: 'TCP port for HTTP/REST; 0 opens none; must differ from --port',
  },
  {
    name: 'rest_api_num_threads',
    type: 'int32',
    default: (cpus: number) => 4 * cpus,
    effect: 'served',
    atLeast: 1,
    help: 'upper bound of REST requests computed at once; 4 times the CPUs unless set',
  },
  {
    name: 'rest_api_timeout_in_ms',
    type: 'int32',
    default: 30000,
    effect: 'served',
    help: 'time limit of a run started over REST, in milliseconds; 0 or less sets none',
  },
  {
    name: 'rest_api_enable_cors_support',
    type: 'bool',
    default: false,
    effect: 'served',
    help: 'send CORS headers with REST answers',
  },
  {
    name: 'enable_batching',
    type: 'bool',
    default: false,
    effect: 'later',
    help: 'merge concurrent requests into batches',
  },
  {
    name: 'allow_version_labels_for_unavailable_models',
    type: 'bool',
    default: false,
    effect: 'served',
    help: 'let a new version label point to a version that is not loaded yet',
  },
  {
    name: 'batching_parameters_file',
    type: 'string',
    default: '',
    effect: 'later',
    help: 'text-format BatchingParameters; needs --enable_batching',
  },
  {
    name: 'enable_per_model_batching_parameters',
    type: 'bool',
    default: false,
    effect: 'later',
    help: 'read batching_params.pbtxt from each version folder; needs --enable_batching',
  },
  {
    name: 'model_config_file',
    type: 'string',
    default: '',
    effect: 'served',
    help: 'text-format ModelServerConfig; replaces --model_name and --model_base_path',
  },
  {
    name: 'model_config_file_poll_wait_seconds',
    type: 'int32',
    default: 0,
    effect: 'served',
    help: 'seconds between two readings of --model_config_file; 0 or less reads it once',
  },
  {
    name: 'model_name',
    type: 'string',
    default: 'default',
    effect: 'served',
    help: 'name of the one model; ignored with --model_config_file',
  },
  {
    name: 'model_base_path',
    type: 'string',
    default: '',
    effect: 'served',
    help: 'absolute path or URI of the folder with version folders; ignored with --model_config_file',
  },
  {
    name: 'num_load_threads',
    type: 'int32',
    default: 0,
    effect: 'served',
    help: 'threads that load versions after start-up; 0 loads one after the other',
  },
  {
    name: 'num_unload_threads',
    type: 'int32',
    default: 0,
    effect: 'served',
    help: 'threads that unload versions; 0 unloads one after the other',
  },
  {
    name: 'max_num_load_retries',
    type: 'int32',
    default: 5,
    effect: 'served',
    help: 'attempts after a first failed load; 0 tries once',
  },
  {
    name: 'load_retry_interval_micros',
    type: 'int64',
    default: 60000000,
    effect: 'served',
    help: 'microseconds between two attempts to load; negative waits not at all',
  },
  {
    name: 'file_system_poll_wait_seconds',
    type: 'int32',
    default: 1,
    effect: 'served',
    help: 'seconds between two looks for new versions; 0 looks once, negative never',
  },
  {
    name: 'flush_filesystem_caches',
    type: 'bool',
    default: true,
    effect: 'served',
    help: 'drop what TensorFlow caches of remote files; nothing for local files, as upstream',
  },
  {
    name: 'tensorflow_session_parallelism',
    type: 'int64',
    default: 0,
    effect: 'served',
    help: 'threads of a session, for single ops and across ops alike; 0 chooses',
  },
  {
    name: 'tensorflow_session_config_file',
    type: 'string',
    default: '',
    effect: 'later',
    help: 'text-format ConfigProto that sessions start from',
  },
  {
    name: 'tensorflow_intra_op_parallelism',
    type: 'int64',
    default: 0,
    effect: 'served',
    help: 'threads that one op may use; 0 chooses',
  },
  {
    name: 'tensorflow_inter_op_parallelism',
    type: 'int64',
    default: 0,
    effect: 'served',
    help: 'ops of a session that may run at once; 0 chooses',
  },
  {
    name: 'use_alts_credentials',
    type: 'bool',
    default: false,
    effect: 'served',
    help: 'refused at start: ALTS is not available here',
  },
  {
    name: 'ssl_config_file',
    type: 'string',
    default: '',
    effect: 'served',
    help: 'text-format SSLConfig for TLS on the gRPC and REST ports',
  },
  {
    name: 'platform_config_file',
    type: 'string',
    default: '',
    effect: 'later',
    help: 'text-format PlatformConfigMap; replaces what other flags say about the platform',
  },
  {
    name: 'per_process_gpu_memory_fraction',
    type: 'float',
    default: 0,
    effect: 'later',
    help: 'share of GPU memory to take, 0 to 1; 0 leaves it to TensorFlow',
  },
  {
    name: 'saved_model_tags',
    type: 'string',
    default: 'serve',
    effect: 'served',
    help: 'comma-separated tags of the meta graph to load; empty means serve',
  },
  {
    name: 'grpc_channel_arguments',
    type: 'string',
    default: '',
    effect: 'served',
    help: 'comma-separated key=value options of the gRPC server',
  },
  {
    name: 'grpc_max_threads',
    type: 'int32',
    default: (cpus: number) => 4 * cpus,
    effect: 'served',
    atLeast: 1,
    help: 'upper bound of gRPC calls computed at once; 4 times the CPUs unless set',
  },
  {
    name: 'enable_model_warmup',
    type: 'bool',
    default: true,
    effect: 'served',
    help: "replay a version's warm-up requests before it becomes available",
  },
  {
    name: 'num_request_iterations_for_warmup',
    type: 'int32',
    default: 0,
    effect: 'served',
    help: 'how often each warm-up request is replayed; 0 or less means once',
  },
  {
    name: 'version',
    type: 'bool',
    default: false,
    effect: 'served',
    help: 'print versions and exit',
  },
  {
    name: 'monitoring_config_file',
    type: 'string',
    default: '',
    effect: 'served',
    help: 'text-format MonitoringConfig; read only when REST is on',
  },
  {
    name: 'remove_unused_fields_from_bundle_metagraph',
    type: 'bool',
    default: true,
    effect: 'later',
    help: 'keep only the needed parts of a meta graph in memory',
  },
  {
    name: 'prefer_tflite_model',
    type: 'bool',
    default: false,
    effect: 'later',
    help: 'experimental: serve model.tflite where a version has one',
  },
  {
    name: 'num_tflite_pools',
    type: 'int32',
    default: (cpus: number) => cpus,
    effect: 'later',
    help: 'experimental: pools of TFLite interpreters; one for each CPU unless set',
  },
  {
    name: 'num_tflite_interpreters_per_pool',
    type: 'int32',
    default: 1,
    effect: 'later',
    help: 'experimental: interpreters in each TFLite pool',
  },
  {
    name: 'enable_signature_method_name_check',
    type: 'bool',
    default: false,
    effect: 'served',
    help: 'refuse a signature whose method name does not fit the call',
  },
  {
    name: 'xla_cpu_compilation_enabled',
    type: 'bool',
    default: false,
    effect: 'later',
    help: 'compile graphs for the CPU with XLA',
  },
  {
    name: 'xla_gpu_compilation_enabled',
    type: 'bool',
    default: false,
    effect: 'later',
    help: 'compile graphs for CPU and GPU with XLA',
  },
  {
    name: 'enable_profiler',
    type: 'bool',
    default: true,
    effect: 'later',
    help: 'offer the profiler service on the gRPC port',
  },
  {
    name: 'thread_pool_factory_config_file',
    type: 'string',
    default: '',
    effect: 'later',
    help: 'text-format ThreadPoolFactoryConfig',
  },
  {
    name: 'mixed_precision',
    type: 'string',
    default: '',
    effect: 'later',
    help: 'bfloat16 rewrites graphs for mixed precision; empty leaves them alone',
  },
  {
    name: 'skip_initialize_tpu',
    type: 'bool',
    default: false,
    effect: 'later',
    help: 'leave TPUs alone; for TPU builds only',
  },
  {
    name: 'enable_grpc_healthcheck_service',
    type: 'bool',
    default: false,
    effect: 'served',
    help: 'offer the gRPC health service',
  },
  {
    name: 'enable_serialization_as_tensor_content',
    type: 'bool',
    default: false,
    effect: 'served',
    help: 'put Predict outputs into tensor_content instead of typed fields',
  },
] as const satisfies readonly FlagSpec[];

/** tensorgate's additions; none of the names exists upstream. */
export const TENSORGATE_FLAGS = [
  {
    name: 'run_pool_threads',
    type: 'int32',
    default: 0,
    effect: 'served',
    help: 'tensorgate: threads that run sessions; 0 or less takes one for each CPU',
  },
  {
    name: 'run_queue_capacity',
    type: 'int32',
    default: 4096,
    effect: 'served',
    atLeast: 1,
    help: 'tensorgate: runs that may wait for a thread; more are answered UNAVAILABLE',
  },
  {
    name: 'rest_api_max_body_bytes',
    type: 'int64',
    default: 128 * 1024 * 1024,
    effect: 'served',
    atLeast: 1,
    help: 'tensorgate: largest REST request body, in bytes',
  },
  {
    name: 'rest_api_max_buffered_bytes',
    type: 'int64',
    default: 1024 * 1024 * 1024,
    effect: 'served',
    atLeast: 1,
    help: 'tensorgate: memory of all REST request bodies held at once, in bytes',
  },
  {
    name: 'rest_api_gzip_min_bytes',
    type: 'int32',
    default: 0,
    effect: 'served',
    atLeast: 0,
    help: 'tensorgate: least length of a REST answer to be sent gzipped to those who accept it; 0: never',
  },
  {
    name: 'version_settle_millis',
    type: 'int32',
    default: 1000,
    effect: 'served',
    help: "tensorgate: how long a version's files must have rested before it is loaded",
  },
  {
    name: 'model_reload_wait_seconds',
    type: 'int32',
    default: 600,
    effect: 'served',
    help: 'tensorgate: how long a reload waits for the models that are new; 0 or less: for ever',
  },
  {
    name: 'synthetic_warmup',
    type: 'bool',
    default: true,
    effect: 'served',
    help: 'tensorgate: warm up a version without a warm-up file with made-up requests',
  },
  {
    name: 'shutdown_grace_seconds',
    type: 'int32',
    default: 25,
    effect: 'served',
    help: 'tensorgate: how long a stop waits for requests in flight; 0 or less waits not at all',
  },
  {
    name: 'enable_session_run',
    type: 'bool',
    default: false,
    effect: 'served',
    help: 'tensorgate: offer SessionService, which lets clients run any operation of the graph',
  },
  {
    name: 'enable_admin_api',
    type: 'bool',
    default: false,
    effect: 'served',
    help: 'tensorgate: let any client of the ports change what is served, one model at a time',
  },
  {
    name: 'custom_op_libraries',
    type: 'string',
    default: '',
    effect: 'served',
    help: 'tensorgate: comma-separated shared objects with custom ops, loaded before any model',
  },
  {
    name: 'allow_model_op_libraries',
    type: 'bool',
    default: false,
    effect: 'served',
    help: 'tensorgate: load assets.extra/*.so of a version before it; they run as the server',
  },
  {
    name: 'check_load_memory',
    type: 'bool',
    default: true,
    effect: 'served',
    help: 'tensorgate: refuse a load whose estimated memory is not available',
  },
  {
    name: 'log_level',
    type: 'string',
    default: 'info',
    effect: 'served',
    choices: ['debug', 'info', 'warn', 'error'],
    help: 'tensorgate: least severe messages to log: debug, info, warn or error',
  },
] as const satisfies readonly FlagSpec[];

/** Every flag, in the order of the usage text. */
export const FLAG_TABLE = [...UPSTREAM_FLAGS, ...TENSORGATE_FLAGS] as const;

type FlagValue<T extends FlagType> = T extends 'bool'
  ? boolean
  : T extends 'string'
    ? string
    : number;

/** The values of one command line, under the names as typed there. */
export type Flags = {
  readonly [S in (typeof FLAG_TABLE)[number] as S['name']]: FlagValue<S['type']>;
};

/** UNITS: `cpus` as from usableCpus(). */
export function defaultOf(spec: FlagSpec, cpus: number): boolean | number | string {
  return typeof spec.default === 'function' ? spec.default(cpus) : spec.default;
}

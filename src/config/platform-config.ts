/**
 * --platform_config_file and --tensorflow_session_config_file: what they say of sessions, batching, tags and
 * warm-up. What can have no effect here is refused by name, as is what upstream's flags override silently.
 * Read once, before anything is loaded.
 */
import protobuf from 'protobufjs';

import { loadProtos } from '../protos/protos.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import { defaultOf, FLAG_TABLE, type Flags, type FlagSpec } from './flag-table.js';
import { readTextProtoFile } from './text-proto.js';

type Plain = Record<string, unknown>;

export interface PlatformConfig {
  /** Those of the command line, with what the platform config says in their place. */
  readonly flags: Flags;
  /** What sessions start from. */
  readonly session: SessionOptions;
  /** tensorflow.serving.BatchingParameters in place of a file of them; null: the flags say. */
  readonly batchingParameters: Plain | null;
  /** For the log: what was given and changes nothing. */
  readonly withoutEffect: readonly string[];
}

export interface SessionOptions {
  /** Serialized tensorflow.ConfigProto. */
  readonly proto: Uint8Array;
  /** 0: not given. */
  readonly intraOpThreads: number;
  readonly interOpThreads: number;
  /** Whether it has thread pools of its own, which TensorFlow is to execute graphs on. */
  readonly hasPools: boolean;
}

const PLATFORM = 'tensorflow';
/** Types of platform configs, and the field of each that is a SessionBundleConfig. */
const ADAPTERS: Readonly<Record<string, string>> = {
  'tensorflow.serving.SavedModelBundleSourceAdapterConfig': 'legacy_config',
  'tensorflow.serving.SessionBundleSourceAdapterConfig': 'config',
};
/** Flags that the platform config replaces, as upstream. */
const REPLACED = [
  'enable_batching',
  'batching_parameters_file',
  'enable_per_model_batching_parameters',
  'tensorflow_session_parallelism',
  'tensorflow_session_config_file',
  'tensorflow_intra_op_parallelism',
  'tensorflow_inter_op_parallelism',
  'per_process_gpu_memory_fraction',
  'saved_model_tags',
  'enable_model_warmup',
  'num_request_iterations_for_warmup',
  'remove_unused_fields_from_bundle_metagraph',
  'prefer_tflite_model',
  'num_tflite_pools',
  'num_tflite_interpreters_per_pool',
  'mixed_precision',
] as const satisfies readonly (keyof Flags)[];
/** Fields of SessionBundleConfig that would change what is served. */
const REFUSED = [
  'session_target',
  'in_graph_batching_parameters',
  'session_run_load_threadpool_index',
  'experimental_fixed_input_tensors',
  'prefer_tflite_model',
  'enable_saved_model_config',
  'mixed_precision',
] as const;
/** Others, of which nobody sees whether they have an effect. */
const WITHOUT_EFFECT = [
  'experimental_transient_ram_bytes_during_load',
  'enable_session_metadata',
  'remove_unused_fields_from_bundle_metagraph',
  'resource_estimation_uses_validation_result',
  'num_tflite_interpreters',
  'num_tflite_interpreters_per_pool',
  'num_tflite_pools',
  'wrap_session_with_no_threading_params',
] as const;

const NO_SESSION_OPTIONS: SessionOptions = {
  proto: new Uint8Array(),
  intraOpThreads: 0,
  interOpThreads: 0,
  hasPools: false,
};

interface BundleMessage extends Plain {
  readonly session_config?: Plain;
  readonly batching_parameters?: Plain;
  readonly saved_model_tags?: readonly string[];
  readonly enable_model_warmup?: boolean;
  readonly model_warmup_options?: Plain & { num_request_iterations?: { value?: number } };
  readonly enable_per_model_batching_params?: boolean;
}

/** @throws ServingError NOT_FOUND or INVALID_ARGUMENT */
export async function readPlatformConfig(flags: Flags, cpus: number): Promise<PlatformConfig> {
  const { platform_config_file: platform, tensorflow_session_config_file: session } = flags;
  if (platform !== '') return readPlatformFile(flags, cpus, platform);
  const options = session === '' ? NO_SESSION_OPTIONS : await readSessionFile(flags, session);
  return { flags, session: options, batchingParameters: null, withoutEffect: [] };
}

async function readSessionFile(flags: Flags, file: string): Promise<SessionOptions> {
  const root = loadProtos(['tensorflow/core/protobuf/config.proto']);
  const type = root.lookupType('tensorflow.ConfigProto');
  const config = await readTextProtoFile(type, file);
  const { gpu_options: gpu } = config as { gpu_options?: Plain };
  const refusals: string[] = [];
  const refuse = (field: string, flag: keyof Flags): void => {
    refusals.push(
      `${field} in ${file} has no effect: --${flag} overrides it, also where it is not given, as in ` +
        `TensorFlow Serving. Give --${flag}, or set it in --platform_config_file`,
    );
  };
  const parallelism =
    flags.tensorflow_session_parallelism > 0 ||
    flags.tensorflow_intra_op_parallelism > 0 ||
    flags.tensorflow_inter_op_parallelism > 0;
  for (const kind of ['intra', 'inter'] as const) {
    const field = `${kind}_op_parallelism_threads`;
    if (isGiven(config[field]) && !parallelism) refuse(field, `tensorflow_${kind}_op_parallelism`);
  }
  const fraction = 'per_process_gpu_memory_fraction';
  if (isGiven(gpu?.[fraction]) && flags[fraction] === 0)
    refuse(`gpu_options.${fraction}`, fraction);
  if (refusals.length > 0) {
    throw new ServingError(StatusCode.INVALID_ARGUMENT, refusals.join('\n'));
  }
  const { proto, hasPools } = sessionOptions(type, config);
  return { ...NO_SESSION_OPTIONS, proto, hasPools };
}

async function readPlatformFile(flags: Flags, cpus: number, file: string): Promise<PlatformConfig> {
  const { bundle, root } = await readBundle(file);
  const refused = REFUSED.filter((field) => isGiven(bundle[field]));
  if (refused.length > 0) {
    refuseFile(file, `${refused.join(', ')} ${refused.length === 1 ? 'is' : 'are'} not supported`);
  }
  const withoutEffect: string[] = [
    ...WITHOUT_EFFECT.filter((field) => isGiven(bundle[field])),
    ...Object.entries(bundle.model_warmup_options ?? {})
      .filter(([field, value]) => field !== 'num_request_iterations' && isGiven(value))
      .map(([field]) => `model_warmup_options.${field}`),
  ].map((field) => `${field} in ${file}`);
  for (const spec of FLAG_TABLE as readonly FlagSpec[]) {
    const name = spec.name as (typeof REPLACED)[number];
    if (REPLACED.includes(name) && !Object.is(flags[name], defaultOf(spec, cpus))) {
      withoutEffect.push(`--${name} beside --platform_config_file`);
    }
  }
  const { batching_parameters: batchingParameters, saved_model_tags: tags = [] } = bundle;
  const iterations = bundle.model_warmup_options?.num_request_iterations?.value ?? 0;
  const replaced: Pick<Flags, (typeof REPLACED)[number]> = {
    enable_batching: batchingParameters !== undefined,
    batching_parameters_file: '',
    enable_per_model_batching_parameters: bundle.enable_per_model_batching_params ?? false,
    tensorflow_session_parallelism: 0,
    tensorflow_session_config_file: '',
    tensorflow_intra_op_parallelism: 0,
    tensorflow_inter_op_parallelism: 0,
    per_process_gpu_memory_fraction: 0,
    saved_model_tags: tags.join(','),
    enable_model_warmup: bundle.enable_model_warmup ?? false,
    num_request_iterations_for_warmup: iterations,
    remove_unused_fields_from_bundle_metagraph: true,
    prefer_tflite_model: false,
    num_tflite_pools: flags.num_tflite_pools,
    num_tflite_interpreters_per_pool: flags.num_tflite_interpreters_per_pool,
    mixed_precision: '',
  };
  return {
    flags: { ...flags, ...replaced },
    session: sessionOptions(root.lookupType('tensorflow.ConfigProto'), bundle.session_config ?? {}),
    batchingParameters: batchingParameters ?? null,
    withoutEffect,
  };
}

/** Of the one platform that is served. */
async function readBundle(file: string): Promise<{ bundle: BundleMessage; root: protobuf.Root }> {
  const adapters = 'tensorflow_serving/servables/tensorflow';
  const root = loadProtos([
    'tensorflow_serving/config/platform_config.proto',
    `${adapters}/saved_model_bundle_source_adapter.proto`,
    `${adapters}/session_bundle_source_adapter.proto`,
  ]);
  const map = root.lookupType('tensorflow.serving.PlatformConfigMap');
  const { platform_configs: platforms = {} } = (await readTextProtoFile(map, file)) as {
    platform_configs?: Record<
      string,
      { source_adapter_config?: { type_url?: string; value?: Buffer } }
    >;
  };
  for (const platform of Object.keys(platforms)) {
    if (platform !== PLATFORM) refuseFile(file, `platform "${platform}" is not supported`);
  }
  const adapter = platforms[PLATFORM]?.source_adapter_config;
  if (adapter === undefined) refuseFile(file, `it has no entry for platform "${PLATFORM}"`);
  const url = adapter.type_url ?? '';
  const name = url.slice(url.lastIndexOf('/') + 1);
  const field = Object.hasOwn(ADAPTERS, name) ? ADAPTERS[name] : undefined;
  if (field === undefined) {
    refuseFile(file, `source_adapter_config has the type "${url}", expected ${ADAPTER_URL}`);
  }
  const type = root.lookupType(name);
  try {
    const message = type.decode(adapter.value ?? new Uint8Array());
    const plain = type.toObject(message, { longs: BigInt, enums: String });
    return { bundle: (plain[field] ?? {}) as BundleMessage, root };
  } catch (cause) {
    refuseFile(file, `source_adapter_config.value is no ${name}`, cause);
  }
}

const ADAPTER_URL = 'type.googleapis.com/tensorflow.serving.SavedModelBundleSourceAdapterConfig';

function sessionOptions(type: protobuf.Type, config: Plain): SessionOptions {
  const { session_inter_op_thread_pool: pools = [] } = config as {
    session_inter_op_thread_pool?: readonly unknown[];
  };
  return {
    proto: type.encode(type.fromObject(config)).finish(),
    intraOpThreads: Number(config['intra_op_parallelism_threads'] ?? 0),
    interOpThreads: Number(config['inter_op_parallelism_threads'] ?? 0),
    hasPools: pools.length > 0,
  };
}

/** Whether a field says something: proto3 knows no difference between a default and nothing. */
function isGiven(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return value !== undefined && value !== '' && value !== false && value !== 0 && value !== 0n;
}

function refuseFile(file: string, reason: string, cause?: unknown): never {
  throw new ServingError(
    StatusCode.INVALID_ARGUMENT,
    `Invalid platform config file: '${file}': ${reason}`,
    [],
    { cause },
  );
}

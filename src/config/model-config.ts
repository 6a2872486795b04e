/**
 * ModelConfig: which models are to be served, from which folders, in which versions and under which
 * labels: the checked form of tensorflow.serving.ModelServerConfig, whoever sent it. Pure.
 */
import type protobuf from 'protobufjs';

import { loadProtos } from '../protos/protos.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import { localPath, whyNotLocal } from './local-path.js';
import { isPlatformName, TENSORFLOW } from './platform-names.js';
import { isPluginName, sourceOf } from './plugin-names.js';
import { loggingOf, type LoggingConfig, type LoggingMessage } from './logging-config.js';
import {
  responseCacheMessageOf,
  responseCacheOf,
  type ResponseCacheConfig,
  type ResponseCacheMessage,
} from './response-cache-config.js';

export type VersionPolicy =
  | { readonly kind: 'latest'; readonly count: number }
  | { readonly kind: 'all' }
  | { readonly kind: 'specific'; readonly versions: readonly bigint[] }
  /** A plugin's, by its name. */
  | { readonly kind: 'plugin'; readonly name: string };

/** One version, or several that share the label's requests by weight. */
export type LabelTarget = ReadonlyMap<bigint, number>;

export interface ShadowConfig {
  readonly version: bigint;
  /** 0 to 1. */
  readonly share: number;
  readonly tolerance: number;
}

export interface ModelConfig {
  readonly name: string;
  /** As given: a path, a URI that `localPath` reads, or one whose scheme names the source of a plugin. */
  readonly basePath: string;
  /** What kind of servable its versions are: one of platform-names.ts. */
  readonly platform: string;
  readonly policy: VersionPolicy;
  readonly labels: ReadonlyMap<string, LabelTarget>;
  /** Null: as the flag says. 0: look once. Negative: never look. */
  readonly pollWaitSeconds: number | null;
  readonly shadow: ShadowConfig | null;
  readonly resourcePreserving: boolean;
  /** Share of the threads that run batches, beside other models. */
  readonly batchingWeight: number;
  /** Its requests may share runs by default, though nothing proves it; holds from the next load on. */
  readonly assumeIndependentRows: boolean;
  /** Of plugins, by their names; put around its versions when these are loaded. */
  readonly hooks: readonly string[];
  /** Null: no request is logged. */
  readonly logging: LoggingConfig | null;
  /** Null: no answer is kept. */
  readonly responseCache: ResponseCacheConfig | null;
}

/** `none`: no list was given, which upstream takes as "no action". */
export type ModelServerConfig =
  | { readonly kind: 'models'; readonly models: readonly ModelConfig[] }
  | { readonly kind: 'custom' }
  | { readonly kind: 'none' };

const DEFAULT_TOLERANCE = 1e-5;

/** A model as the flags alone configure it. */
export function singleModel(name: string, basePath: string): ModelConfig {
  return {
    name,
    basePath,
    platform: TENSORFLOW,
    policy: { kind: 'latest', count: 1 },
    labels: new Map(),
    pollWaitSeconds: null,
    shadow: null,
    resourcePreserving: false,
    batchingWeight: 1,
    assumeIndependentRows: false,
    hooks: [],
    logging: null,
    responseCache: null,
  };
}

let type: protobuf.Type | null = null;

/** tensorflow.serving.ModelServerConfig. */
export function modelServerConfigType(): protobuf.Type {
  type ??= loadProtos(['tensorflow_serving/config/model_server_config.proto']).lookupType(
    'tensorflow.serving.ModelServerConfig',
  );
  return type;
}

/** The message's plain form, with bigints for int64; fields that are not set are absent. */
interface ConfigMessage {
  readonly model_config_list?: { readonly config?: readonly ModelMessage[] };
  readonly custom_model_config?: unknown;
}

interface SplitMessage {
  readonly parts?: readonly { readonly version?: bigint; readonly weight?: number }[];
}

interface ModelMessage {
  readonly name?: string;
  readonly base_path?: string;
  readonly model_type?: string;
  readonly model_platform?: string;
  readonly logging_config?: LoggingMessage;
  readonly model_version_policy?: {
    readonly latest?: { readonly num_versions?: number };
    readonly all?: object;
    readonly specific?: { readonly versions?: readonly bigint[] };
    readonly plugin?: string;
  };
  readonly version_labels?: Readonly<Record<string, bigint>>;
  readonly file_system_poll_wait_seconds?: number;
  readonly version_label_weights?: Readonly<Record<string, SplitMessage>>;
  readonly shadow?: {
    readonly version?: bigint;
    readonly share?: number;
    readonly tolerance?: number;
  };
  readonly resource_preserving?: boolean;
  readonly batching_weight?: number;
  readonly assume_independent_rows?: boolean;
  readonly response_cache?: ResponseCacheMessage;
  readonly hooks?: readonly string[];
}

/**
 * The checked config of a message in its plain form: bigints for int64, names for enums, only what is
 * set (what readTextProtoFile gives).
 * @throws ServingError INVALID_ARGUMENT with upstream's text; nothing of it counts then
 */
export function modelServerConfigOf(plain: Readonly<Record<string, unknown>>): ModelServerConfig {
  const config = plain as ConfigMessage;
  if (config.custom_model_config !== undefined) return { kind: 'custom' };
  if (config.model_config_list === undefined) return { kind: 'none' };
  const models = (config.model_config_list.config ?? []).map(modelOf);
  checkModels(models);
  return { kind: 'models', models };
}

/** The same of one model; without a platform it is TensorFlow's. @throws ServingError as above */
export function modelConfigOf(plain: Readonly<Record<string, unknown>>): ModelConfig {
  const message = plain as ModelMessage;
  const { model_platform: platform = '', model_type: type = 'MODEL_TYPE_UNSPECIFIED' } = message;
  const isBare = platform === '' && type === 'MODEL_TYPE_UNSPECIFIED';
  const model = modelOf(isBare ? { ...message, model_platform: TENSORFLOW } : message);
  checkModels([model]);
  return model;
}

/** @throws ServingError INVALID_ARGUMENT for what no list of models may hold */
export function checkModels(models: readonly ModelConfig[]): void {
  const [refusal] = [...listRefusals(models), ...logRefusals(models)];
  if (refusal !== undefined) refuse(refusal);
}

/** All that modelServerConfigOf refuses of a list, the models that are right, and the names of all. */
export function examineModels(plain: Readonly<Record<string, unknown>>): {
  readonly models: readonly ModelConfig[];
  readonly names: ReadonlySet<string>;
  readonly refusals: readonly string[];
} {
  const { model_config_list: list } = plain as ConfigMessage;
  const messages = list?.config ?? [];
  const given = messages.map(({ name = '', base_path: basePath = '' }) => ({ name, basePath }));
  const refusals = listRefusals(given);
  const models = messages.flatMap((message, i) => {
    const { name, basePath } = given[i] as (typeof given)[number];
    const before = refusals.length;
    const parts = [
      () => platformOf(name, message),
      () => labelsOf(name, message),
      () => shadowOf(name, message, policyOf(message)),
      () => batchingWeightOf(name, message),
      () => hooksOf(name, message),
      () => loggingOf(name, message.logging_config),
      () => responseCacheOf(name, message.response_cache),
    ];
    for (const part of parts) {
      try {
        part();
      } catch (error) {
        refusals.push(ServingError.from(error).message);
      }
    }
    const isRight = refusals.length === before && basePathRefusal(name, basePath) === null;
    return isRight ? [modelOf(message)] : [];
  });
  const names = new Set(given.map(({ name }) => name));
  return { models, names, refusals: [...refusals, ...logRefusals(models)] };
}

type Listed = Pick<ModelConfig, 'name' | 'basePath'>;

function listRefusals(models: readonly Listed[]): string[] {
  const refusals: string[] = [];
  const names = new Set<string>();
  for (const { name } of models) {
    if (names.has(name)) {
      refusals.push(`Illegal to list model ${name} multiple times in config list`);
    }
    names.add(name);
  }
  for (const { name, basePath } of models) {
    const refusal = basePathRefusal(name, basePath);
    if (refusal !== null) refusals.push(refusal);
  }
  return refusals;
}

function basePathRefusal(name: string, basePath: string): string | null {
  if (sourceOf(basePath) !== null) return null;
  const reason = whyNotLocal(basePath);
  if (reason !== null) return `Base path of model ${name}: ${reason}`;
  if (localPath(basePath).startsWith('/')) return null;
  return `Expected model ${name} to have an absolute path or URI; got base_path()=${basePath}`;
}

function logRefusals(models: readonly ModelConfig[]): string[] {
  const refusals: string[] = [];
  const prefixes = new Map<string, string>();
  for (const { name, logging } of models) {
    if (logging === null) continue;
    const { filenamePrefix: prefix } = logging;
    const other = prefixes.get(prefix);
    if (other !== undefined) {
      refusals.push(`Models ${other} and ${name} would both log to files of prefix ${prefix}`);
    }
    prefixes.set(prefix, name);
  }
  return refusals;
}

function modelOf(message: ModelMessage): ModelConfig {
  const name = message.name ?? '';
  return {
    name,
    basePath: message.base_path ?? '',
    platform: platformOf(name, message),
    policy: policyOf(message),
    labels: labelsOf(name, message),
    pollWaitSeconds: message.file_system_poll_wait_seconds ?? null,
    shadow: shadowOf(name, message, policyOf(message)),
    resourcePreserving: message.resource_preserving ?? false,
    batchingWeight: batchingWeightOf(name, message),
    assumeIndependentRows: message.assume_independent_rows ?? false,
    hooks: hooksOf(name, message),
    logging: loggingOf(name, message.logging_config),
    responseCache: responseCacheOf(name, message.response_cache),
  };
}

function platformOf(name: string, message: ModelMessage): string {
  const modelType = message.model_type ?? 'MODEL_TYPE_UNSPECIFIED';
  const platform = message.model_platform ?? '';
  const hasType = modelType !== 'MODEL_TYPE_UNSPECIFIED';
  const both = 'ModelServerConfig::model_type (deprecated)';
  if (hasType && platform !== '') {
    refuse(
      `Illegal setting both ${both} and ModelServerConfig::model_platform, model name is ${name}`,
    );
  }
  if (!hasType && platform === '') {
    refuse(
      `Illegal setting neither ${both} nor ModelServerConfig::model_platform, model name is ${name}`,
    );
  }
  if (modelType === 'OTHER') {
    refuse('ModelServerConfig::model_type choice 2 not supported.');
  }
  if (platform !== '' && !isPlatformName(platform)) {
    refuse(`Model ${name} requests unsupported platform ${platform}`);
  }
  return platform === '' ? TENSORFLOW : platform;
}

function policyOf({ name, model_version_policy: policy }: ModelMessage): VersionPolicy {
  if (policy?.plugin !== undefined) {
    if (isPluginName('policies', policy.plugin)) return { kind: 'plugin', name: policy.plugin };
    refuse(`Model ${name} names version policy ${policy.plugin}, which no plugin has`);
  }
  if (policy?.all !== undefined) return { kind: 'all' };
  if (policy?.specific !== undefined) {
    return { kind: 'specific', versions: policy.specific.versions ?? [] };
  }
  return { kind: 'latest', count: policy?.latest?.num_versions || 1 };
}

/** The labels of a model in a message's plain form. @throws ServingError INVALID_ARGUMENT */
export function labelsOf(
  name: string,
  message: Pick<ModelMessage, 'version_labels' | 'version_label_weights'>,
): Map<string, LabelTarget> {
  const labels = new Map<string, LabelTarget>();
  for (const [label, version] of Object.entries(message.version_labels ?? {})) {
    labels.set(label, new Map([[version, 1]]));
  }
  for (const [label, { parts = [] }] of Object.entries(message.version_label_weights ?? {})) {
    const where = `label ${label} of model ${name}`;
    if (labels.has(label)) {
      refuse(`The ${where} is in both version_labels and version_label_weights`);
    }
    const target = new Map<bigint, number>();
    for (const { version = 0n, weight = 0 } of parts) {
      if (!(weight > 0) || weight === Infinity) {
        refuse(`The weight of version ${version} in ${where} must be above 0, got ${weight}`);
      }
      if (target.has(version)) refuse(`Version ${version} is twice in ${where}`);
      target.set(version, weight);
    }
    if (target.size === 0) refuse(`The ${where} has no versions`);
    labels.set(label, target);
  }
  return labels;
}

function shadowOf(
  name: string,
  { shadow }: ModelMessage,
  policy: VersionPolicy,
): ShadowConfig | null {
  if (shadow === undefined) return null;
  const { version = 0n, share = 0, tolerance = 0 } = shadow;
  if (!(share >= 0 && share <= 1)) refuse(`Shadow share of model ${name} is ${share}, not 0 to 1`);
  if (!(tolerance >= 0)) refuse(`Shadow tolerance of model ${name} is ${tolerance}`);
  const named = policy.kind === 'specific' ? policy.versions : [];
  if (named.length > 0 && named.every((each) => each === version)) {
    refuse(`Model ${name} has no version but its shadow: nothing would answer`);
  }
  return { version, share, tolerance: tolerance || DEFAULT_TOLERANCE };
}

function batchingWeightOf(name: string, { batching_weight: weight = 1 }: ModelMessage): number {
  if (!(weight >= 0) || weight === Infinity) {
    refuse(`The batching_weight of model ${name} must not be below 0, got ${weight}`);
  }
  return weight || 1;
}

function hooksOf(name: string, { hooks = [] }: ModelMessage): readonly string[] {
  const unknown = hooks.find((hook) => !isPluginName('hooks', hook));
  if (unknown !== undefined) refuse(`Model ${name} names hook ${unknown}, which no plugin has`);
  const twice = hooks.find((hook, index) => hooks.indexOf(hook) < index);
  if (twice !== undefined) refuse(`Model ${name} names hook ${twice} twice`);
  return hooks;
}

/** The plain form again, for fromObject and for writing a config back. */
export function plainOf(models: readonly ModelConfig[]): Record<string, unknown> {
  return { model_config_list: { config: models.map(modelMessageOf) } };
}

/** The same of one model. */
export function modelMessageOf(model: ModelConfig): ModelMessage {
  const single = [...model.labels].filter(([, target]) => target.size === 1);
  const spread = [...model.labels].filter(([, target]) => target.size > 1);
  return {
    name: model.name,
    base_path: model.basePath,
    model_platform: model.platform,
    ...(isDefault(model.policy) ? {} : { model_version_policy: policyMessageOf(model.policy) }),
    version_labels: Object.fromEntries(
      single.map(([label, target]) => [label, [...target.keys()][0] as bigint]),
    ),
    version_label_weights: Object.fromEntries(
      spread.map(([label, target]) => [
        label,
        { parts: [...target].map(([version, weight]) => ({ version, weight })) },
      ]),
    ),
    ...(model.pollWaitSeconds === null
      ? {}
      : { file_system_poll_wait_seconds: model.pollWaitSeconds }),
    ...(model.logging === null ? {} : { logging_config: model.logging.message }),
    ...(model.shadow === null ? {} : { shadow: model.shadow }),
    ...(model.resourcePreserving ? { resource_preserving: true } : {}),
    ...(model.batchingWeight === 1 ? {} : { batching_weight: model.batchingWeight }),
    ...(model.assumeIndependentRows ? { assume_independent_rows: true } : {}),
    ...(model.hooks.length === 0 ? {} : { hooks: model.hooks }),
    ...(model.responseCache && { response_cache: responseCacheMessageOf(model.responseCache) }),
  };
}

/** Whether both are written the same way. */
export function isSameModel(a: ModelConfig, b: ModelConfig): boolean {
  const bytes = (model: ModelConfig): Uint8Array => {
    const list = modelServerConfigType();
    return list.encode(list.fromObject(plainOf([model]))).finish();
  };
  return Buffer.from(bytes(a)).equals(bytes(b));
}

function isDefault(policy: VersionPolicy): boolean {
  return policy.kind === 'latest' && policy.count === 1;
}

function policyMessageOf(policy: VersionPolicy): NonNullable<ModelMessage['model_version_policy']> {
  switch (policy.kind) {
    case 'latest':
      return { latest: { num_versions: policy.count } };
    case 'all':
      return { all: {} };
    case 'specific':
      return { specific: { versions: policy.versions } };
    case 'plugin':
      return { plugin: policy.name };
  }
}

function refuse(message: string): never {
  throw new ServingError(StatusCode.INVALID_ARGUMENT, message);
}

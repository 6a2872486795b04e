/** `tensorgate status`: the versions of one model, or of all that are configured. */
import type { LabelTarget, ModelConfig, VersionPolicy } from '../config/model-config.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import type { Client, Plain } from './client.js';
import type { Command, Output } from './command.js';
import { table } from './table.js';

export interface VersionState {
  readonly version: bigint;
  readonly state: string;
  /** Null: OK. */
  readonly error: { readonly code: string; readonly message: string } | null;
}

export interface ModelState {
  readonly name: string;
  /** Null: the server does not tell, or the model is not configured any more. */
  readonly config: ModelConfig | null;
  readonly versions: readonly VersionState[];
  /** How the versions that are loaded are executed, where the server tells it. */
  readonly plans?: ReadonlyMap<bigint, Plain>;
  /** Which of their signatures share runs, where the server tells it. */
  readonly batching?: ReadonlyMap<bigint, readonly SignatureBatching[]>;
}

interface SignatureBatching {
  readonly name: string;
  /** "proven", "assumed" or "alone". */
  readonly batched: string;
  /** What stands against it; empty unless alone. */
  readonly obstacle: string;
}

const MAX_ERROR_CHARS = 100;

export const status: Command = {
  usage: ['status [MODEL]'],
  switches: [],
  values: [],
  run: async (given, client) => {
    const [name] = given.take(0, 1);
    if (name === undefined) return statusOutput(await all(client));
    const model = await one(client, name);
    const { text, json } = statusOutput([model]);
    return { text: text + batchingText(model), json };
  },
};

export async function versionsOf(client: Client, name: string): Promise<VersionState[]> {
  const reply = await client.model('GetModelStatus', { model_spec: { name } });
  return ((reply['model_version_status'] as Plain[] | undefined) ?? []).map(versionStateOf);
}

/** As text: a table; versions that were unloaded in good order are left out of a list. */
export function statusOutput(models: readonly ModelState[]): Output {
  const rows = models.flatMap(rowsOf);
  const isTold = models.some(({ config }) => config !== null);
  const hasErrors = rows.some(({ error }) => error !== '');
  const hasPlans = rows.some(({ plan }) => plan !== '');
  const head = { model: 'MODEL', version: 'VERSION', state: 'STATE', plan: 'PLAN', error: 'ERROR' };
  const cells = [{ ...head, policy: 'POLICY', labels: 'LABELS' }, ...rows].map((row) => [
    ...[row.model, row.version, row.state],
    ...(hasPlans ? [row.plan] : []),
    ...(isTold ? [row.policy, row.labels] : []),
    ...(hasErrors ? [row.error] : []),
  ]);
  return { text: table(cells), json: { models: models.map(jsonOf) } };
}

async function one(client: Client, name: string): Promise<ModelState> {
  const versions = await versionsOf(client, name);
  const config = (await told(client))?.find((m) => m.name === name) ?? null;
  return { name, versions, config, ...(await detailsOf(client, config)) };
}

async function all(client: Client): Promise<ModelState[]> {
  const models = await told(client);
  if (models === null) {
    throw new ServingError(
      StatusCode.UNIMPLEMENTED,
      `the server at ${client.server} does not list its models: name one, or start the server ` +
        'with --enable_admin_api',
    );
  }
  const sorted = [...models].sort((a, b) => (a.name < b.name ? -1 : 1));
  return Promise.all(
    sorted.map(async (config) => {
      const versions = (await versionsOf(client, config.name).catch(noneIfNotFound)).filter(
        ({ state, error }) => state !== 'END' || error !== null,
      );
      return { name: config.name, config, versions, ...(await detailsOf(client, config)) };
    }),
  );
}

/** Null from a server without AdminService, as upstream's. */
async function told(client: Client): Promise<readonly ModelConfig[] | null> {
  try {
    return await client.configured();
  } catch (error) {
    if (ServingError.from(error).code === StatusCode.UNIMPLEMENTED) return null;
    throw error;
  }
}

/** Nothing from a server that does not tell it, and where the model is gone meanwhile. */
async function detailsOf(
  client: Client,
  config: ModelConfig | null,
): Promise<Pick<ModelState, 'plans' | 'batching'>> {
  if (config === null) return {};
  const reply = await client.admin('GetModel', { name: config.name }).catch((): Plain => ({}));
  const byVersion = <T>(field: string, value: (entry: Plain) => T): Map<bigint, T> =>
    new Map(
      ((reply[field] as Plain[] | undefined) ?? []).map((entry) => [
        (entry['version'] as bigint | undefined) ?? 0n,
        value(entry),
      ]),
    );
  return {
    plans: byVersion('version_plan', (plan) => plan),
    batching: byVersion('version_batching', (entry) =>
      ((entry['signature'] ?? []) as Plain[]).map(signatureOf),
    ),
  };
}

function signatureOf({ name = '', batched = 'ALONE', obstacle = '' }: Plain): SignatureBatching {
  return {
    name: name as string,
    batched: (batched as string).toLowerCase(),
    obstacle: obstacle as string,
  };
}

/** A table of its own, after a blank line; empty where nothing is told. */
function batchingText({ batching }: ModelState): string {
  const rows = [...(batching ?? [])].flatMap(([version, signatures]) =>
    signatures.map(({ name, batched, obstacle }) => [String(version), name, batched, obstacle]),
  );
  if (rows.length === 0) return '';
  return `\n${table([['VERSION', 'SIGNATURE', 'BATCHED', 'WHY NOT'], ...rows])}`;
}

function noneIfNotFound(error: unknown): VersionState[] {
  if (ServingError.from(error).code === StatusCode.NOT_FOUND) return [];
  throw error;
}

function versionStateOf(plain: Plain): VersionState {
  const { error_code: code = 'OK', error_message: message = '' } = (plain['status'] ?? {}) as {
    error_code?: string;
    error_message?: string;
  };
  return {
    version: (plain['version'] as bigint | undefined) ?? 0n,
    state: (plain['state'] as string | undefined) ?? 'UNKNOWN',
    error: code === 'OK' ? null : { code, message },
  };
}

type Row = Record<'model' | 'version' | 'state' | 'plan' | 'policy' | 'labels' | 'error', string>;

function rowsOf({ name, config, versions, plans }: ModelState): Row[] {
  const policy = config === null ? '' : policyText(config.policy);
  if (versions.length === 0) {
    const row = { model: name, version: '-', state: 'no version' };
    return [{ ...row, plan: '', policy, labels: '', error: '' }];
  }
  return versions.map(({ version, state, error }) => ({
    model: name,
    version: String(version),
    state,
    plan: planText(plans?.get(version)),
    policy,
    labels: labelsAt(config, version)
      .map(([label, share]) => (share === 1 ? label : `${label} (${+(share * 100).toFixed(1)}%)`))
      .join(', '),
    error: error === null ? '' : shortened(`${error.code}: ${error.message}`),
  }));
}

/** "frozen", "frozen/pool" where TensorFlow's pool executes the graph. */
function planText(plan: Plain | undefined): string {
  if (plan === undefined) return '';
  return `${plan['plan'] as string}${plan['caller_thread'] === true ? '' : '/pool'}`;
}

function policyText(policy: VersionPolicy): string {
  if (policy.kind === 'latest') return `latest ${policy.count}`;
  if (policy.kind === 'plugin') return `plugin ${policy.name}`;
  return policy.kind === 'all' ? 'all' : `specific ${policy.versions.join(', ')}`.trimEnd();
}

/** The labels of the version, each with the share of its requests that go there. */
function labelsAt(config: ModelConfig | null, version: bigint): [label: string, share: number][] {
  const shareOf = (target: LabelTarget): number => {
    const sum = [...target.values()].reduce((total, weight) => total + weight, 0);
    return (target.get(version) ?? 0) / sum;
  };
  return [...(config?.labels ?? [])]
    .filter(([, target]) => target.has(version))
    .map(([label, target]) => [label, shareOf(target)]);
}

function shortened(message: string): string {
  const line = message.replaceAll(/\s+/g, ' ');
  return line.length <= MAX_ERROR_CHARS ? line : `${line.slice(0, MAX_ERROR_CHARS)}…`;
}

function jsonOf({ name, config, versions, plans, batching }: ModelState): object {
  return {
    name,
    ...(config === null ? {} : { base_path: config.basePath, policy: policyText(config.policy) }),
    versions: versions.map(({ version, state, error }) => ({
      version: String(version),
      state,
      ...planJson(plans?.get(version)),
      ...(batching?.has(version) === true && { batching: batching.get(version) }),
      ...(config === null ? {} : { labels: Object.fromEntries(labelsAt(config, version)) }),
      error,
    })),
  };
}

/** As the server tells it, less the version. */
function planJson(plan: Plain | undefined): object {
  if (plan === undefined) return {};
  return { plan: Object.fromEntries(Object.entries(plan).filter(([key]) => key !== 'version')) };
}

/**
 * The routes below /admin/v1/: which method of AdminService a request is, and what of its message the
 * address says. The rest is the body. Pure.
 */
import { ServingError, StatusCode } from '../status/serving-error.js';

export interface AdminRoute {
  /** Of AdminService. */
  readonly rpc: string;
  /** The message as JSON, given the body as parsed JSON. @throws ServingError INVALID_ARGUMENT */
  readonly message: (body: unknown) => Record<string, unknown>;
  readonly hasBody: boolean;
}

type Captures = readonly string[];

interface Pattern {
  readonly method: string;
  readonly path: RegExp;
  readonly rpc: string;
  /** The message without `write_back`; null: there is no body. */
  readonly withBody: ((captures: Captures, body: unknown) => Record<string, unknown>) | null;
  readonly withoutBody?: (captures: Captures) => Record<string, unknown>;
}

const MODEL = '/admin/v1/models/([^/:]+)';
const LABEL = `${MODEL}/labels/([^/:]+)`;

const PATTERNS: readonly Pattern[] = [
  { method: 'GET', path: /^\/admin\/v1\/config$/, rpc: 'GetConfig', withBody: null },
  {
    method: 'POST',
    path: /^\/admin\/v1\/config:reload$/,
    rpc: 'SetConfig',
    withBody: (_, config) => ({ config }),
  },
  {
    method: 'GET',
    path: new RegExp(`^${MODEL}$`),
    rpc: 'GetModel',
    withBody: null,
    withoutBody: ([name]) => ({ name }),
  },
  {
    method: 'PUT',
    path: new RegExp(`^${MODEL}$`),
    rpc: 'SetModel',
    withBody: ([name], config) => ({ config: named(config, name) }),
  },
  {
    method: 'DELETE',
    path: new RegExp(`^${MODEL}$`),
    rpc: 'RemoveModel',
    withBody: null,
    withoutBody: ([name]) => ({ name }),
  },
  {
    method: 'POST',
    path: new RegExp(`^${MODEL}:reload$`),
    rpc: 'ReloadModel',
    withBody: null,
    withoutBody: ([name]) => ({ name }),
  },
  {
    method: 'POST',
    path: new RegExp(`^${MODEL}:recordWarmup$`),
    rpc: 'RecordWarmup',
    withBody: ([name], wish) => ({ ...(wish as object), name }),
  },
  {
    method: 'PUT',
    path: new RegExp(`^${LABEL}$`),
    rpc: 'SetLabels',
    withBody: ([name, label = ''], target) => ({ name, set: { [label]: split(target) } }),
  },
  {
    method: 'DELETE',
    path: new RegExp(`^${LABEL}$`),
    rpc: 'SetLabels',
    withBody: null,
    withoutBody: ([name, label]) => ({ name, remove: [label] }),
  },
];
const NO_WRITE_BACK: ReadonlySet<string> = new Set([
  'GetConfig',
  'GetModel',
  'ReloadModel',
  'RecordWarmup',
]);

/** Null for an address there is nothing at, or not with this method or query. */
export function adminRoute(method: string, target: string): AdminRoute | null {
  const [path = '', query, ...more] = target.split('?');
  for (const pattern of PATTERNS) {
    const match = pattern.method === method ? pattern.path.exec(path) : null;
    if (match === null) continue;
    const { rpc, withBody, withoutBody } = pattern;
    const captures = match.slice(1).map(unescaped);
    const writeBack = writeBackOf(query);
    if (writeBack === null || more.length > 0 || captures.includes(null)) return null;
    if (query !== undefined && NO_WRITE_BACK.has(rpc)) return null;
    const flags = writeBack ? { write_back: true } : {};
    const names = captures as Captures;
    return {
      rpc,
      hasBody: withBody !== null,
      message: (body) => ({ ...(withBody?.(names, body) ?? withoutBody?.(names)), ...flags }),
    };
  }
  return null;
}

/** Null for another query. */
function writeBackOf(query: string | undefined): boolean | null {
  if (query === undefined || query === 'write_back=false') return false;
  return query === 'write_back=true' || query === 'write_back' ? true : null;
}

function unescaped(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** The config under the name of the address. */
function named(config: unknown, name = ''): unknown {
  if (typeof config !== 'object' || config === null || Array.isArray(config)) return config;
  if ('name' in config && config.name !== name) {
    throw new ServingError(
      StatusCode.INVALID_ARGUMENT,
      `The address names the model ${name}, the body another one`,
    );
  }
  return { ...config, name };
}

/** `{"version": N}` is the short form of one part. */
function split(target: unknown): unknown {
  if (typeof target !== 'object' || target === null || !('version' in target)) return target;
  const { version, ...rest } = target;
  return { parts: [{ version, weight: 1 }], ...rest };
}

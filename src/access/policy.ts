/** What the addon is to know of an AuthConfig. Keeps nothing. */
import {
  NO_LIMIT,
  type AuthConfig,
  type Rights,
  type Scope,
  type ScopeMethod,
} from '../config/auth-config.js';
import { AccessMethod, type NativePolicy, type NativePrincipal } from '../native/access.js';
import { addon } from '../native/addon.js';
import { ANONYMOUS } from './caller.js';
import { sanDigest } from './credentials.js';
import type { VerifiedToken } from './tokens.js';

const METHODS: Readonly<Record<ScopeMethod, AccessMethod>> = {
  INFER: AccessMethod.infer,
  READ: AccessMethod.read,
  ADMIN: AccessMethod.admin,
};

/** `config` null: anybody may do everything, within the limit of the server. */
export function nativePolicy(
  config: AuthConfig | null,
  maxConcurrentRequests: number,
): NativePolicy {
  const principals = config?.principals ?? [];
  const anonymous = config?.anonymous ?? null;
  return {
    principals: [
      ...principals.map((each) => nativePrincipal(each.name, each)),
      ...(anonymous === null ? [] : [nativePrincipal(ANONYMOUS, anonymous)]),
    ],
    credentials: principals.flatMap(({ apiKeys, sans }, i) => [
      ...apiKeys.flatMap((key) => [Buffer.from(key, 'hex'), i]),
      ...sans.flatMap((san) => [sanDigest(san), i]),
    ]),
    authenticates: config !== null,
    anonymous: anonymous === null ? -1 : principals.length,
    models: config?.modelLimits.flatMap(({ model, limit }) => [model, limit]) ?? [],
    all: { ...NO_LIMIT, atOnce: maxConcurrentRequests },
  };
}

/** Whose token it is: a principal of the configuration, or one of its own. */
export function tokenPrincipal(config: AuthConfig, token: VerifiedToken): NativePrincipal {
  const { issuer, subject, scopes } = token;
  const known = config.principals.find(({ subjects }) =>
    subjects.some((each) => each.issuer === issuer.issuer && each.subject === subject),
  );
  const name = known?.name ?? `${issuer.issuer} ${subject}`;
  const principal = nativePrincipal(name, known ?? issuer);
  if (scopes === null) return principal;
  return { ...principal, grants: grantsOf(bothAllow((known ?? issuer).scopes, scopes)) };
}

function nativePrincipal(name: string, { scopes, limit }: Rights): NativePrincipal {
  return { name, grants: grantsOf(scopes), limit };
}

function grantsOf(scopes: readonly Scope[]): (string | number)[] {
  return scopes.flatMap(({ models, methods }) => [
    models,
    methods.reduce((sum, method) => sum | METHODS[method], 0),
  ]);
}

/**
 * What two lists of scopes allow both. Of two patterns of names the narrower one stands where the other
 * takes it in; where neither does, nothing is allowed.
 */
export function bothAllow(ours: readonly Scope[], theirs: readonly Scope[]): Scope[] {
  return ours.flatMap((our) =>
    theirs.flatMap((their) => {
      const models = narrower(our.models, their.models);
      const methods = our.methods.filter((method) => their.methods.includes(method));
      return models === null || methods.length === 0 ? [] : [{ models, methods }];
    }),
  );
}

function narrower(a: string, b: string): string | null {
  if (takesIn(a, b)) return b;
  return takesIn(b, a) ? a : null;
}

/** Whether the wider pattern has every name of the other: a * in the latter stands for anything. */
function takesIn(wider: string, pattern: string): boolean {
  return addon().accessMatches(wider, pattern);
}

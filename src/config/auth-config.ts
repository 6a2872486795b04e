/**
 * --auth_config_file: who may ask what of which model, and how much of it, checked as a whole before any of
 * it counts. protos/tensorgate/auth.proto says what each field means.
 */
import { loadProtos } from '../protos/protos.js';
import { ServingError, StatusCode, type Violation } from '../status/serving-error.js';
import { readTextProtoFile } from './text-proto.js';

export type ScopeMethod = 'INFER' | 'READ' | 'ADMIN';

/** A name, in which `*` stands for any characters, and what may be asked of models of such names. */
export interface Scope {
  readonly models: string;
  readonly methods: readonly ScopeMethod[];
}

/** 0: no limit. `burst` is at least 1 where there is a rate. */
export interface RateLimit {
  readonly perSecond: number;
  readonly burst: number;
  readonly atOnce: number;
}

export interface Rights {
  readonly scopes: readonly Scope[];
  readonly limit: RateLimit;
}

export interface PrincipalConfig extends Rights {
  readonly name: string;
  /** In hex, lower case. */
  readonly apiKeys: readonly string[];
  readonly sans: readonly string[];
  readonly subjects: readonly { readonly issuer: string; readonly subject: string }[];
}

export interface JwtIssuerConfig extends Rights {
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly algorithms: readonly string[];
  /** One of both is set. */
  readonly jwksFile: string;
  readonly jwksUrl: string;
  readonly clockSkewSeconds: number;
  /** Empty: none. */
  readonly scopeClaim: string;
}

export interface AuthConfig {
  readonly principals: readonly PrincipalConfig[];
  readonly issuers: readonly JwtIssuerConfig[];
  /** Null: requests without credentials are refused. */
  readonly anonymous: Rights | null;
  readonly modelLimits: readonly { readonly model: string; readonly limit: RateLimit }[];
}

export const NO_LIMIT: RateLimit = { perSecond: 0, burst: 0, atOnce: 0 };

const SHA256_HEX = /^[0-9a-f]{64}$/i;
const SAN = /^(DNS|URI|email):\S+$/;
/** Whoever has a shared secret can make tokens, too; and `none` is no signature. */
const ALGORITHMS: ReadonlySet<string> = new Set([
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
]);

interface LimitText {
  readonly requests_per_second?: number;
  readonly burst?: number;
  readonly max_concurrent_requests?: bigint;
}

interface RightsText {
  readonly scope?: readonly { readonly model?: readonly string[]; readonly method?: unknown[] }[];
  readonly limit?: LimitText;
}

interface AuthText {
  readonly principal?: readonly (RightsText & {
    readonly name?: string;
    readonly api_key_sha256?: readonly string[];
    readonly certificate_san?: readonly string[];
    readonly jwt?: readonly { readonly issuer?: string; readonly subject?: string }[];
  })[];
  readonly jwt_issuer?: readonly (RightsText & {
    readonly issuer?: string;
    readonly audience?: readonly string[];
    readonly algorithm?: readonly string[];
    readonly jwks_file?: string;
    readonly jwks_url?: string;
    readonly clock_skew_seconds?: number;
    readonly scope_claim?: string;
  })[];
  readonly anonymous?: RightsText;
  readonly model_limit?: readonly { readonly model?: string; readonly limit?: LimitText }[];
}

/** @throws ServingError NOT_FOUND or INVALID_ARGUMENT, whose violations are all that is wrong */
export async function readAuthConfig(file: string): Promise<AuthConfig> {
  const type = loadProtos(['tensorgate/auth.proto']).lookupType('tensorgate.AuthConfig');
  return authConfigOf(await readTextProtoFile(type, file), file);
}

/** `text`: the message as readTextProtoFile gives it. @throws ServingError as readAuthConfig */
export function authConfigOf(text: AuthText, file: string): AuthConfig {
  const violations: Violation[] = [];
  const wrong = (where: string, description: string): void => {
    violations.push({ field: `${file}: ${where}`, description });
  };
  const config: AuthConfig = {
    principals: (text.principal ?? []).map((each, i) => {
      const where = `principal[${i}]`;
      const name = each.name ?? '';
      if (!/^\S/.test(name)) wrong(`${where}.name`, `expected a name, got "${name}"`);
      const apiKeys = each.api_key_sha256 ?? [];
      apiKeys.forEach((key, k) => {
        // What is there may be the key itself, so it is not repeated here.
        if (!SHA256_HEX.test(key)) {
          wrong(`${where}.api_key_sha256[${k}]`, 'expected 64 hexadecimal digits');
        }
      });
      const sans = each.certificate_san ?? [];
      sans.forEach((san, k) => {
        if (SAN.test(san)) return;
        wrong(`${where}.certificate_san[${k}]`, `expected DNS:, URI: or email:, got "${san}"`);
      });
      const subjects = (each.jwt ?? []).map(({ issuer = '', subject = '' }, k) => {
        if (!(text.jwt_issuer ?? []).some((known) => known.issuer === issuer)) {
          wrong(
            `${where}.jwt[${k}].issuer`,
            `expected the issuer of a jwt_issuer, got "${issuer}"`,
          );
        }
        if (subject === '') wrong(`${where}.jwt[${k}].subject`, 'expected a subject, got none');
        return { issuer, subject };
      });
      if (apiKeys.length + sans.length + subjects.length === 0) {
        wrong(where, 'expected api_key_sha256, certificate_san or jwt, got none of them');
      }
      return {
        ...rightsOf(each, where, wrong),
        name,
        apiKeys: apiKeys.map((key) => key.toLowerCase()),
        sans,
        subjects,
      };
    }),
    issuers: (text.jwt_issuer ?? []).map((each, i) => {
      const where = `jwt_issuer[${i}]`;
      const { issuer = '', audience = [], algorithm = [] } = each;
      const { jwks_file: jwksFile = '', jwks_url: jwksUrl = '' } = each;
      if (issuer === '') wrong(`${where}.issuer`, 'expected the value of the claim iss, got none');
      if (audience.length === 0) wrong(`${where}.audience`, 'expected an audience, got none');
      if (algorithm.length === 0) wrong(`${where}.algorithm`, 'expected an algorithm, got none');
      algorithm.forEach((name, k) => {
        if (ALGORITHMS.has(name)) return;
        const known = [...ALGORITHMS].join(', ');
        wrong(`${where}.algorithm[${k}]`, `expected one of ${known}, got "${name}"`);
      });
      if ((jwksFile === '') === (jwksUrl === '')) {
        wrong(where, 'expected one of jwks_file and jwks_url');
      }
      if (jwksUrl !== '' && !/^https?:\/\//.test(jwksUrl)) {
        wrong(`${where}.jwks_url`, `expected a URL with http or https, got "${jwksUrl}"`);
      }
      return {
        ...rightsOf(each, where, wrong),
        issuer,
        audiences: audience,
        algorithms: algorithm,
        jwksFile,
        jwksUrl,
        clockSkewSeconds: Math.max(0, each.clock_skew_seconds ?? 0),
        scopeClaim: each.scope_claim ?? '',
      };
    }),
    anonymous: text.anonymous === undefined ? null : rightsOf(text.anonymous, 'anonymous', wrong),
    modelLimits: (text.model_limit ?? []).map(({ model = '', limit }, i) => {
      if (model === '') wrong(`model_limit[${i}].model`, 'expected the name of a model, got none');
      return { model, limit: limitOf(limit, `model_limit[${i}].limit`, wrong) };
    }),
  };
  for (const [what, names] of uniqueNames(config)) {
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice !== undefined) wrong(what, `expected each once, got "${twice}" twice`);
  }
  if (violations.length > 0) {
    const message = `Invalid auth config file: '${file}'`;
    throw new ServingError(StatusCode.INVALID_ARGUMENT, message, violations);
  }
  return config;
}

function uniqueNames({ principals, issuers, modelLimits }: AuthConfig): [string, string[]][] {
  return [
    ['principal.name', principals.map(({ name }) => name)],
    ['principal.api_key_sha256', principals.flatMap(({ apiKeys }) => apiKeys)],
    ['principal.certificate_san', principals.flatMap(({ sans }) => sans)],
    [
      'principal.jwt',
      principals.flatMap(({ subjects }) =>
        subjects.map((each) => `${each.issuer} ${each.subject}`),
      ),
    ],
    ['jwt_issuer.issuer', issuers.map(({ issuer }) => issuer)],
    ['model_limit.model', modelLimits.map(({ model }) => model)],
  ];
}

type Wrong = (where: string, description: string) => void;

function rightsOf({ scope = [], limit }: RightsText, where: string, wrong: Wrong): Rights {
  const scopes = scope.flatMap(({ model = ['*'], method = ['INFER', 'READ'] }, i) => {
    const methods = method.filter(
      (name): name is ScopeMethod => name === 'INFER' || name === 'READ' || name === 'ADMIN',
    );
    if (methods.length < method.length) {
      wrong(`${where}.scope[${i}].method`, 'expected INFER, READ or ADMIN');
    }
    return model.map((models) => ({ models, methods }));
  });
  return { scopes, limit: limitOf(limit, `${where}.limit`, wrong) };
}

function limitOf(limit: LimitText | undefined, where: string, wrong: Wrong): RateLimit {
  if (limit === undefined) return NO_LIMIT;
  const { requests_per_second: perSecond = 0, max_concurrent_requests: atOnce = 0n } = limit;
  const burst = limit.burst ?? Math.max(1, perSecond);
  if (!(perSecond >= 0 && perSecond <= 1e9)) {
    wrong(`${where}.requests_per_second`, `expected 0 to 1e9, got ${perSecond}`);
  }
  if (perSecond > 0 && !(burst >= 1 && burst <= 1e9)) {
    wrong(`${where}.burst`, `expected 1 to 1e9, got ${burst}`);
  }
  if (atOnce < 0n || atOnce > 1_000_000_000n) {
    wrong(`${where}.max_concurrent_requests`, `expected 0 to 1000000000, got ${atOnce}`);
  }
  return { perSecond, burst: perSecond > 0 ? burst : 0, atOnce: Number(atOnce) };
}

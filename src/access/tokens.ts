/**
 * TokenVerifier: JSON web tokens of the issuers that are configured: signature, algorithm, issuer,
 * audience and time. By jose, which is loaded where there are issuers.
 */
import { readFile } from 'node:fs/promises';

import type { JSONWebKeySet, JWTPayload, JWTVerifyGetKey } from 'jose';

import type { JwtIssuerConfig, Scope, ScopeMethod } from '../config/auth-config.js';
import { ServingError, StatusCode } from '../status/serving-error.js';

export interface VerifiedToken {
  readonly issuer: JwtIssuerConfig;
  readonly subject: string;
  /** What the token itself allows; null: it does not say. */
  readonly scopes: readonly Scope[] | null;
  /** UNITS: milliseconds from now. */
  readonly lifetimeMillis: number;
}

/** A token is looked at anew after this time: its issuer's keys may be others by then. */
const MAX_LIFETIME_MILLIS = 5 * 60_000;
const WORD = /^(infer|read|admin):(.+)$/;

type Jose = typeof import('jose');

interface Issuer {
  readonly config: JwtIssuerConfig;
  readonly keys: JWTVerifyGetKey;
}

export class TokenVerifier {
  readonly #jose: Jose;
  readonly #issuers: ReadonlyMap<string, Issuer>;

  private constructor(jose: Jose, issuers: readonly Issuer[]) {
    this.#jose = jose;
    this.#issuers = new Map(issuers.map((each) => [each.config.issuer, each]));
  }

  /** Null without issuers. @throws ServingError where a file of keys cannot be read or understood */
  static async of(configs: readonly JwtIssuerConfig[]): Promise<TokenVerifier | null> {
    if (configs.length === 0) return null;
    const jose = await import('jose');
    const issuers = configs.map(async (config) => ({ config, keys: await keysOf(jose, config) }));
    return new TokenVerifier(jose, await Promise.all(issuers));
  }

  /** Null for what is no valid token. @throws ServingError UNAVAILABLE where the keys cannot be had */
  async verify(token: string): Promise<VerifiedToken | null> {
    const { decodeJwt, jwtVerify, errors } = this.#jose;
    try {
      const issuer = this.#issuers.get(decodeJwt(token).iss ?? '');
      if (issuer === undefined) return null;
      const { issuer: name, audiences, algorithms, clockSkewSeconds } = issuer.config;
      const { payload } = await jwtVerify(token, issuer.keys, {
        issuer: name,
        audience: [...audiences],
        algorithms: [...algorithms],
        clockTolerance: clockSkewSeconds,
        requiredClaims: ['exp', 'sub'],
      });
      const { exp = 0, sub = '' } = payload;
      const left = (exp + clockSkewSeconds) * 1000 - Date.now();
      return {
        issuer: issuer.config,
        subject: sub,
        scopes: scopesOf(payload, issuer.config.scopeClaim),
        lifetimeMillis: Math.max(1, Math.min(left, MAX_LIFETIME_MILLIS)),
      };
    } catch (cause) {
      // All that jose says of a token is an error of its own; what is left is about the keys.
      if (cause instanceof errors.JOSEError && !(cause instanceof errors.JWKSTimeout)) {
        if (cause.constructor !== errors.JOSEError) return null;
      }
      const message = 'The keys of the issuer of the token cannot be had.';
      throw new ServingError(StatusCode.UNAVAILABLE, message, [], { cause });
    }
  }
}

async function keysOf(jose: Jose, config: JwtIssuerConfig): Promise<JWTVerifyGetKey> {
  const { jwksFile, jwksUrl, issuer } = config;
  if (jwksUrl !== '') return jose.createRemoteJWKSet(new URL(jwksUrl));
  try {
    return jose.createLocalJWKSet(JSON.parse(await readFile(jwksFile, 'utf8')) as JSONWebKeySet);
  } catch (cause) {
    const { message } = ServingError.from(cause);
    const text = `The keys of the issuer "${issuer}" cannot be read: ${message}`;
    throw new ServingError(
      StatusCode.INVALID_ARGUMENT,
      text,
      [{ field: jwksFile, description: `expected the keys of "${issuer}" in JSON: ${message}` }],
      { cause },
    );
  }
}

/** Words that are no scopes of ours are for others. */
function scopesOf(payload: JWTPayload, claim: string): Scope[] | null {
  if (claim === '') return null;
  const value = payload[claim];
  const words = typeof value === 'string' ? value.split(' ') : Array.isArray(value) ? value : [];
  return words.flatMap((word) => {
    const match = typeof word === 'string' ? WORD.exec(word) : null;
    if (match === null) return [];
    const [, method = '', models = ''] = match;
    return [{ models, methods: [method.toUpperCase() as ScopeMethod] }];
  });
}

/**
 * Authenticator: finds out who a request is from. Known keys, certificates and tokens are the addon's to
 * find; a token that it does not know yet is looked at by whoever has the issuers' keys.
 */
import type { Flags } from '../config/flag-table.js';
import { AccessSurface } from '../native/access.js';
import { addon } from '../native/addon.js';
import { ServingError } from '../status/serving-error.js';
import { ANYBODY, EVERYBODY, PrincipalCaller, type Caller } from './caller.js';
import { digestOf, MAX_CREDENTIAL_BYTES, type Credentials } from './credentials.js';

/**
 * Resolves to the number of its principal; 0: it is no token of anybody's. Rejects with a ServingError,
 * UNAVAILABLE, where that cannot be found out now.
 */
export type VerifyToken = (token: string) => Promise<number>;

export interface Authenticator {
  /** Whose access control the addon asks, for what it answers by itself. */
  readonly surface: AccessSurface;
  /** At once, except for tokens that are seen for the first time. */
  caller(credentials: () => Credentials): Caller | Promise<Caller>;
}

/** Where access is not controlled, and where it only is bounded. */
const NO_CONTROL: Authenticator = { surface: AccessSurface.public, caller: () => ANYBODY };
const NO_CREDENTIALS: Authenticator = { surface: AccessSurface.public, caller: () => EVERYBODY };

const NO_DIGESTS = Buffer.alloc(0);

/** `verifyToken`: of who has the issuers' keys. */
export function authenticatorOf(
  flags: Pick<Flags, 'auth_config_file' | 'max_concurrent_requests'>,
  verifyToken: VerifyToken,
): Authenticator {
  if (flags.auth_config_file !== '') {
    return new NativeAuthenticator(AccessSurface.public, verifyToken);
  }
  return flags.max_concurrent_requests > 0 ? NO_CREDENTIALS : NO_CONTROL;
}

export class NativeAuthenticator implements Authenticator {
  readonly surface: AccessSurface;
  readonly #verifyToken: VerifyToken;

  constructor(surface: AccessSurface, verifyToken: VerifyToken) {
    this.surface = surface;
    this.#verifyToken = verifyToken;
  }

  caller(credentials: () => Credentials): Caller | Promise<Caller> {
    const { token, identity } = credentials();
    if (token !== '') return this.#ofToken(token);
    if (identity !== '') {
      const principal = addon().accessFind(this.surface, Buffer.from(identity, 'latin1'));
      if (principal !== 0) return this.#callerOf(principal);
    }
    return this.#callerOf(addon().accessFind(this.surface, NO_DIGESTS));
  }

  #ofToken(token: string): Caller | Promise<Caller> {
    if (token.length > MAX_CREDENTIAL_BYTES) return this.#callerOf(0);
    const principal = addon().accessFind(this.surface, digestOf(token));
    if (principal !== 0) return this.#callerOf(principal);
    if (token.split('.', 4).length !== 3) return this.#callerOf(0);
    const caller = this.#verifyToken(token).then((found) => this.#callerOf(found));
    caller.catch(() => undefined); // who does not need to know it does not look
    return caller;
  }

  #callerOf(principal: number): Caller {
    return new PrincipalCaller(this.surface, principal, principal !== 0);
  }
}

/**
 * Goes on once it is known who the caller is: at once, where that is known at once.
 * `fail` gets what `then` throws, too.
 */
export function whenKnown(
  caller: Caller | Promise<Caller>,
  then: (caller: Caller) => void,
  fail: (error: ServingError) => void,
): void {
  const proceed = (known: Caller): void => {
    try {
      then(known);
    } catch (error) {
      fail(ServingError.from(error));
    }
  };
  if (!(caller instanceof Promise)) proceed(caller);
  else caller.then(proceed, (error: unknown) => fail(ServingError.from(error)));
}

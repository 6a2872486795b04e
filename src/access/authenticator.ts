/**
 * Authenticator: finds out who a request is from. Known keys, certificates and tokens are the addon's to
 * find; a token that it does not know yet is looked at by whoever has the issuers' keys.
 */
import type { Flags } from '../config/flag-table.js';
import { addon } from '../native/addon.js';
import { ServingError } from '../status/serving-error.js';
import { ANYBODY, callerOf, EVERYBODY, NOBODY, type Caller } from './caller.js';
import { digestOf, MAX_CREDENTIAL_BYTES, type Credentials } from './credentials.js';

/**
 * Resolves to the number of its principal; 0: it is no token of anybody's. Rejects with a ServingError,
 * UNAVAILABLE, where that cannot be found out now.
 */
export type VerifyToken = (token: string) => Promise<number>;

export interface Authenticator {
  /** At once, except for tokens that are seen for the first time. */
  caller(credentials: () => Credentials): Caller | Promise<Caller>;
}

/** Where access is not controlled, and where it only is bounded. */
const NO_CONTROL: Authenticator = { caller: () => ANYBODY };
const NO_CREDENTIALS: Authenticator = { caller: () => EVERYBODY };

const NO_DIGESTS = Buffer.alloc(0);

/** `verifyToken`: of who has the issuers' keys. */
export function authenticatorOf(
  flags: Pick<Flags, 'auth_config_file' | 'max_concurrent_requests'>,
  verifyToken: VerifyToken,
): Authenticator {
  if (flags.auth_config_file !== '') return new NativeAuthenticator(verifyToken);
  return flags.max_concurrent_requests > 0 ? NO_CREDENTIALS : NO_CONTROL;
}

class NativeAuthenticator implements Authenticator {
  readonly #verifyToken: VerifyToken;

  constructor(verifyToken: VerifyToken) {
    this.#verifyToken = verifyToken;
  }

  caller(credentials: () => Credentials): Caller | Promise<Caller> {
    const { token, identity } = credentials();
    if (token !== '') return this.#ofToken(token);
    if (identity !== '') {
      const principal = addon().accessFind(Buffer.from(identity, 'latin1'));
      if (principal !== 0) return callerOf(principal);
    }
    return callerOf(addon().accessFind(NO_DIGESTS));
  }

  #ofToken(token: string): Caller | Promise<Caller> {
    if (token.length > MAX_CREDENTIAL_BYTES) return NOBODY;
    const principal = addon().accessFind(digestOf(token));
    if (principal !== 0) return callerOf(principal);
    if (token.split('.', 4).length !== 3) return NOBODY;
    return this.#verifyToken(token).then(callerOf);
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

/**
 * Caller: who a request is from, as far as it matters: what he may ask, and how much of it. Services ask
 * before they do anything with a model, and before they say whether there is one of that name.
 */
import { addon } from '../native/addon.js';
import {
  AccessMethod,
  AccessSurface,
  AccessVerdict,
  type NativeRefusal,
} from '../native/access.js';
import { ServingError, StatusCode } from '../status/serving-error.js';

export { AccessMethod };

/** A place among the requests in progress. To be released once, whatever became of the request. */
export interface Ticket {
  release(): void;
}

export interface Caller {
  /** Whether his credentials are known, or none are needed. */
  readonly isKnown: boolean;
  /** For the log; null: the request has no credentials, or nobody knows them. */
  readonly name: string | null;
  may(method: AccessMethod, model: string): boolean;
  /** What he is told who is not known, whatever he asks; counted. */
  turnAway(): ServingError;
  /** @throws ServingError UNAUTHENTICATED, PERMISSION_DENIED or RESOURCE_EXHAUSTED */
  admit(method: AccessMethod, model: string): Ticket;
}

/** In place of a model's name, where something is about all of them. */
export const EVERY_MODEL = '*';

/** The name of who requests without credentials belong to; no principal's, which have no blank there. */
export const ANONYMOUS = ' anonymous';
const NOTHING_HELD: Ticket = { release: () => undefined };
/** Of what is in progress nobody knows when it ends. */
const BUSY_RETRY_MILLIS = 1000;
const WHOSE = ['this server', 'these credentials', 'this model'];

/** Where access is not controlled. */
export const ANYBODY: Caller = {
  isKnown: true,
  name: null,
  may: () => true,
  turnAway: unauthenticated,
  admit: () => NOTHING_HELD,
};

/** By a principal's number in the addon. */
export class PrincipalCaller implements Caller {
  readonly isKnown: boolean;
  readonly #surface: AccessSurface;
  readonly #principal: number;

  constructor(surface: AccessSurface, principal: number, isKnown: boolean) {
    this.#surface = surface;
    this.#principal = principal;
    this.isKnown = isKnown;
  }

  get name(): string | null {
    const name = this.#principal === 0 ? '' : addon().accessName(this.#surface, this.#principal);
    return name === '' || name === ANONYMOUS ? null : name;
  }

  may(method: AccessMethod, model: string): boolean {
    return addon().accessMay(this.#surface, this.#principal, method, model);
  }

  turnAway(): ServingError {
    addon().accessAdmit(this.#surface, 0, AccessMethod.infer, ''); // which counts it
    return unauthenticated();
  }

  admit(method: AccessMethod, model: string): Ticket {
    const answer = addon().accessAdmit(this.#surface, this.#principal, method, model);
    if (typeof answer !== 'number') throw refusalOf(answer);
    if (answer === 0) return NOTHING_HELD;
    let ticket = answer;
    return {
      release: () => {
        if (ticket !== 0) addon().accessRelease(ticket);
        ticket = 0;
      },
    };
  }
}

/** Who may do nothing, whatever the policy says. */
export const NOBODY: Caller = {
  isKnown: false,
  name: null,
  may: () => false,
  turnAway: unauthenticated,
  admit: () => {
    throw unauthenticated();
  },
};

/** Where nobody needs credentials, but all are counted. */
export const EVERYBODY: Caller = new PrincipalCaller(AccessSurface.public, 0, true);

function refusalOf([verdict, waitMillis, scope, perSecond, atOnce]: NativeRefusal): ServingError {
  const whose = WHOSE[scope] ?? '';
  switch (verdict) {
    case AccessVerdict.denied:
      return new ServingError(
        StatusCode.PERMISSION_DENIED,
        'The credentials do not allow this request.',
      );
    case AccessVerdict.tooFast:
      return new ServingError(
        StatusCode.RESOURCE_EXHAUSTED,
        `More requests than ${whose} may have in a second: ${perSecond}.`,
        [],
        { retryAfterMillis: Math.max(1, waitMillis) },
      );
    case AccessVerdict.tooMany:
      return new ServingError(
        StatusCode.RESOURCE_EXHAUSTED,
        `As many requests are in progress as ${whose} may have: ${atOnce}.`,
        [],
        { retryAfterMillis: BUSY_RETRY_MILLIS },
      );
    default:
      return unauthenticated();
  }
}

/** The same whatever is wrong: who guesses learns nothing. */
function unauthenticated(): ServingError {
  const message =
    'The request needs valid credentials: Authorization: Bearer TOKEN, or X-API-Key: KEY.';
  return new ServingError(StatusCode.UNAUTHENTICATED, message);
}

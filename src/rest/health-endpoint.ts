/**
 * HealthEndpoint: what probes of orchestrators and load balancers ask for: /healthz and /livez, whether the
 * process answers, and /readyz, whether it is to be sent requests. Text, never counted as requests of the API.
 */
import { AccessMethod, NOBODY } from '../access/caller.js';
import type { Readiness } from '../service/readiness.js';
import type { Exchange } from './exchange.js';

const LIVE: ReadonlySet<string> = new Set(['/healthz', '/livez']);
const READY = '/readyz';

export class HealthEndpoint {
  readonly #readiness: Readiness;

  constructor(readiness: Readiness) {
    this.#readiness = readiness;
  }

  /** `path` without a query, which probes may have as they like. */
  takes(method: string, path: string): boolean {
    return (method === 'GET' || method === 'HEAD') && (path === READY || LIVE.has(path));
  }

  /**
   * 200 `ok`, or 503 with a line for each model that does not serve, of those that the caller may know of.
   * REQUIRES: it takes the path.
   */
  answer(exchange: Exchange, path: string): void {
    const { caller } = exchange;
    const who = caller instanceof Promise ? NOBODY : caller; // a probe does not wait
    const mayKnow = (model: string): boolean => who.may(AccessMethod.read, model);
    const reasons = path === READY ? this.#readiness.reasons(mayKnow) : [];
    if (reasons.length === 0) exchange.plainText('200 OK', 'ok\n');
    else exchange.plainText('503 Service Unavailable', `${reasons.join('\n')}\n`);
  }
}

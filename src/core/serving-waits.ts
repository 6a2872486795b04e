/**
 * ServingWaits: who waits for which models to serve. A wait ends when each of its models has come to an
 * outcome, or as soon as that is no use to it: when its caller says so. THREAD: the event loop's.
 */
import { ServingError, StatusCode } from '../status/serving-error.js';
import { servableIdText } from './servable.js';

/** What has become of a model so far. */
export type Outcome =
  | { readonly kind: 'serving' }
  /** `isIdle`: nothing is under way, and there is a reason for it that may pass. */
  | { readonly kind: 'pending'; readonly isIdle: boolean }
  /** `version` null: none was found. */
  | {
      readonly kind: 'failed';
      readonly name: string;
      readonly version: bigint | null;
      readonly error: ServingError;
    };
type Failed = Outcome & { readonly kind: 'failed' };

export interface WaitOptions {
  /** Upstream's word: `servable(s)` at start, `model(s)` at a reload. */
  readonly what?: string;
  /** Aborted with a ServingError, it ends the wait with that. */
  readonly signal?: AbortSignal;
  /** A failure that waiting cannot mend ends the wait, whatever becomes of the other models. */
  readonly failsFast?: boolean;
}

interface Wait {
  readonly names: ReadonlySet<string>;
  check(): void;
}

export class ServingWaits {
  readonly #outcomeOf: (name: string) => Outcome;
  readonly #waits = new Set<Wait>();

  constructor(outcomeOf: (name: string) => Outcome) {
    this.#outcomeOf = outcomeOf;
  }

  /** The outcome of the model may be another one. */
  changed(name: string): void {
    for (const wait of [...this.#waits]) if (wait.names.has(name)) wait.check();
  }

  /**
   * Resolves when each model has a version AVAILABLE. A model that may wait for its base path for ever
   * holds back no failure of the others.
   * @throws ServingError UNKNOWN with upstream's text, naming every model of which a version failed; a
   *   failure that is about no version, as it is
   */
  until(names: readonly string[], options: WaitOptions = {}): Promise<void> {
    const { what = 'servable(s)', signal, failsFast = false } = options;
    return new Promise((resolve, reject) => {
      const end = (error: ServingError | null): void => {
        this.#waits.delete(wait);
        signal?.removeEventListener('abort', abort);
        if (error === null) resolve();
        else reject(error);
      };
      const abort = (): void => end(ServingError.from(signal?.reason));
      /** Models without an outcome yet. */
      const open = new Set(names);
      const wait: Wait = {
        names: new Set(names),
        check: () => {
          const error = this.#verdict(names, open, what, failsFast);
          if (error !== undefined) end(error);
        },
      };
      if (signal?.aborted === true) {
        abort();
        return;
      }
      signal?.addEventListener('abort', abort);
      this.#waits.add(wait);
      wait.check();
    });
  }

  /** Undefined: not yet. Null: all serve. */
  #verdict(
    names: readonly string[],
    open: Set<string>,
    what: string,
    failsFast: boolean,
  ): ServingError | null | undefined {
    const failures: Failed[] = [];
    let holdsBack = false;
    for (const name of names) {
      const outcome = this.#outcomeOf(name);
      if (outcome.kind !== 'pending') open.delete(name);
      else if (open.has(name) && !outcome.isIdle) holdsBack = true;
      if (outcome.kind === 'failed') failures.push(outcome);
    }
    if (failures.length === 0) return open.size === 0 ? null : undefined;
    const isLost = failsFast && failures.some(({ error }) => error.isPermanent);
    return holdsBack && !isLost ? undefined : failureOf(failures, what);
  }
}

function failureOf(failures: readonly Failed[], what: string): ServingError {
  const [first] = failures;
  if (failures.length === 1 && first?.version === null) return first.error;
  const texts = failures.map(({ name, version, error }) => {
    const servable = version === null ? `{name: ${name}}` : servableIdText({ name, version });
    return `{${servable} due to error: ${error}}, `;
  });
  return new ServingError(
    StatusCode.UNKNOWN,
    `${failures.length} ${what} did not become available: {${texts.join('')}}`,
  );
}

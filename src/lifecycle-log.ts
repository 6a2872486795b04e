/** What the log says of versions on their way: their states, what fails and when it is tried again. */
import { printTextFormatMistakes } from './config/text-proto.js';
import type { Failure } from './core/manager.js';
import { servableIdText, ServableState, type ServableId } from './core/servable.js';
import type { Log } from './log/log.js';
import type { ServingError } from './status/serving-error.js';

export function logState(
  log: Log,
  id: ServableId,
  state: ServableState,
  error: ServingError | null,
): void {
  const servable = servableIdText(id);
  if (state === ServableState.AVAILABLE) log.info({ servable }, 'available');
  else if (state === ServableState.END && error === null) log.info({ servable }, 'unloaded');
  else log.debug({ servable, state }, 'state');
}

export function logFailure(log: Log, id: ServableId, failure: Failure): void {
  const servable = servableIdText(id);
  const { kind, error } = failure;
  const { code, message, violations } = error;
  const about = { servable, code, violations };
  if (kind === 'unload') log.error(about, `unload failed: ${message}`);
  else if (kind === 'cancelled') log.info(about, `load cancelled: ${message}`);
  else {
    const { attempt, attempts, nextMillis } = failure;
    const next = nextMillis === null ? null : new Date(nextMillis).toISOString();
    const after = next === null ? nothingAfter(failure) : `, the next at ${next}`;
    const which = attempts === 1 ? '' : `; attempt ${attempt} of ${attempts}${after}`;
    printTextFormatMistakes(error);
    log.error({ ...about, attempt, attempts, next }, `load failed: ${message}${which}`);
  }
}

function nothingAfter({ error }: Failure): string {
  return error.isPermanent ? ', not made again: waiting does not mend it' : '';
}

/** Upstream's words. */
export function logRetry(log: Log, id: ServableId, retry: number): void {
  const servable = servableIdText(id);
  log.info({ servable }, `Retrying of Loading servable: ${servable} retry: ${retry}`);
}

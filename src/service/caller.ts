/**
 * Caller: who waits for the answer to a change: until it is there, until his deadline, or until he is
 * gone. Transports make one for each call that may take long. THREAD: any event loop's.
 */
import { ServingError, StatusCode } from '../status/serving-error.js';

/** How often it is looked whether he is still there. */
const LOOK_MILLIS = 500;

/**
 * Does the work on behalf of the caller: its signal is aborted, with a ServingError, when `timeoutMillis`
 * is over (0: never) or `isGone` says so.
 */
export async function onBehalfOf<T>(
  timeoutMillis: number,
  isGone: () => boolean,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const left = new AbortController();
  const end = (code: StatusCode, message: string): void =>
    left.abort(new ServingError(code, message));
  const late = (): void => end(StatusCode.DEADLINE_EXCEEDED, 'Deadline Exceeded');
  const deadline = timeoutMillis > 0 ? setTimeout(late, timeoutMillis) : undefined;
  const look = setInterval(() => {
    if (isGone()) end(StatusCode.CANCELLED, 'The caller has gone');
  }, LOOK_MILLIS);
  try {
    return await work(left.signal);
  } finally {
    clearTimeout(deadline);
    clearInterval(look);
  }
}

/** Time as the control plane sees it, so that tests can hold it still. */
export interface Clock {
  /** Resolves after the time, or as soon as `cancelled` is settled. */
  sleep(millis: number, cancelled?: Promise<void>): Promise<void>;
  /** Milliseconds of the epoch. */
  now(): number;
}

/** What a timer takes: more, and it would fire at once. */
const MAX_TIMER_MILLIS = 2 ** 31 - 1;

/** For setTimeout: at least 0, at most 24 days. */
export function timerMillis(millis: number): number {
  return Math.min(Math.max(0, millis), MAX_TIMER_MILLIS);
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (millis, cancelled) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, timerMillis(millis));
      const wake = (): void => {
        clearTimeout(timer);
        resolve();
      };
      cancelled?.then(wake, wake);
    }),
};

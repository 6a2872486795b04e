/** Time as the control plane sees it, so that tests can hold it still. */
export interface Clock {
  /** Resolves after the time, or as soon as `cancelled` is settled. */
  sleep(millis: number, cancelled?: Promise<void>): Promise<void>;
}

export const systemClock: Clock = {
  sleep: (millis, cancelled) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(0, millis));
      const wake = (): void => {
        clearTimeout(timer);
        resolve();
      };
      cancelled?.then(wake, wake);
    }),
};

/** Time as the control plane sees it, so that tests can hold it still. */
export interface Clock {
  sleep(millis: number): Promise<void>;
}

export const systemClock: Clock = {
  sleep: (millis) =>
    new Promise((resolve) => {
      setTimeout(resolve, Math.max(0, millis));
    }),
};

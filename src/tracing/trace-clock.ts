/**
 * TraceClock: the time of day of moments that the steady clock has told, of which spans are made: the
 * addon's stages are timed by std::chrono::steady_clock, which is what process.hrtime() reads, too.
 */
const MAX_DRIFT_MILLIS = 2;

export class TraceClock {
  #offsetMillis = 0;
  readonly #steadyMillis: () => number;
  readonly #dayMillis: () => number;

  constructor(
    steadyMillis = (): number => Number(process.hrtime.bigint()) / 1e6,
    dayMillis = Date.now,
  ) {
    this.#steadyMillis = steadyMillis;
    this.#dayMillis = dayMillis;
  }

  /** Milliseconds since 1970, with fractions; follows the system's clock when that is set. */
  now(): number {
    const steady = this.#steadyMillis();
    const day = this.#dayMillis();
    if (Math.abs(day - steady - this.#offsetMillis) > MAX_DRIFT_MILLIS) {
      this.#offsetMillis = day - steady;
    }
    return steady + this.#offsetMillis;
  }

  /** The same, of a moment in nanoseconds of the steady clock. */
  at(steadyNanos: number): number {
    return steadyNanos / 1e6 + this.#offsetMillis;
  }
}

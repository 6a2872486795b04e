/** RunTrace: what the addon's side of a traced request tells its trace. */
import type { NativeBatchReport, NativeStageSpans } from './binding.js';

export interface RunTrace {
  /** When the request was in each of its stages; before its answer, or later than its deadline. */
  ran(spans: NativeStageSpans): void;

  /** A part of it, which runs another model; begins now. */
  step(name: string): StepTrace;

  /**
   * A run for several tasks, these among them, has ended; told to one of them, before their stages.
   * REQUIRES: the report is timed.
   */
  ranTogether(members: readonly RunTrace[], report: NativeBatchReport, tasks: number): void;
}

/** What a part of a request tells. */
export interface StepTrace extends RunTrace {
  /** It is over; `failure` is why it is the server's failure, null where it is none. Once. */
  end(failure: string | null): void;
}

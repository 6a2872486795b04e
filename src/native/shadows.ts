/** Requests that a shadow version answers, too, for comparison. */
import type { Method } from './values.js';

/** As binding/call/shadow.h has it; null: it waited too long to be run. */
export const ShadowOutcome = { agreed: 0, differed: 1, failed: 2 } as const;
export type ShadowOutcome = (typeof ShadowOutcome)[keyof typeof ShadowOutcome];
/** `detail` says what differs first. */
export type NativeShadowResult = readonly [outcome: ShadowOutcome | null, detail: string];

export interface NativeShadows {
  /**
   * Runs the request again when the run pool is idle and compares the outcome with what the client
   * got: `reply`, or null and the error's `code`. UNAVAILABLE when the pool has too much to do.
   */
  inferShadow(
    slot: number,
    id: number,
    body: Uint8Array | ArrayBuffer,
    method: Method,
    isJson: boolean,
    asTensorContent: boolean,
    code: number,
    reply: Uint8Array | string | null,
    tolerance: number,
  ): void;
  /**
   * Compares what a shadow has answered elsewhere, `shadow` or the code and text of its error, with what the client
   * got, as inferShadow does.
   */
  compareAnswers(
    slot: number,
    method: Method,
    isJson: boolean,
    code: number,
    reply: Uint8Array | string | null,
    failure: readonly [code: number, message: string] | null,
    shadow: Uint8Array | string | null,
    tolerance: number,
  ): void;
  /** As prepareProto or prepareJson, of a request that no client waits for: nothing is counted or logged of it. */
  prepareShadow(
    slot: number,
    id: number,
    body: Uint8Array | ArrayBuffer,
    method: Method,
    isTraced: false,
    cacheControl: 'no-store',
    asTensorContent: boolean,
    isJson: boolean,
  ): boolean;
}

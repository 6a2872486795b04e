/** RequestContext: what comes with a request besides its bytes, whatever transport carries it. */
import type { Caller } from '../access/caller.js';
import type { IsGone } from '../native/inference-model.js';
import type { RequestTrace } from '../tracing/tracer.js';
import type { Headers } from './sticky-key.js';

export interface RequestContext {
  readonly headers: Headers;
  readonly isGone: IsGone;
  readonly caller: Caller;
  /** Null: it has none. */
  readonly trace: RequestTrace | null;
  /** The header of that name; empty: it has none. */
  readonly cacheControl: string;
}

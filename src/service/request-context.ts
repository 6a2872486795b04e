/** RequestContext: what comes with a request besides its bytes, whatever transport carries it. */
import type { Caller } from '../access/caller.js';
import type { RunContext } from '../native/inference-model.js';
import type { RequestTrace } from '../tracing/tracer.js';
import type { Headers } from './sticky-key.js';

export interface RequestContext extends RunContext {
  readonly headers: Headers;
  readonly caller: Caller;
  readonly trace: RequestTrace | null;
}

/** What the addon's transports run by themselves, for a tracer. */
import { addon } from '../native/addon.js';
import {
  NATIVE_TRACE_LENGTH,
  NATIVE_TRACE_STAGES,
  type NativeTrace,
  type NativeTransport,
} from '../native/transport.js';
import type { RecordedRequest, Tracer } from './tracer.js';

/** What only the transport's protocol knows of a request. */
export type RequestFacts = Pick<RecordedRequest, 'name' | 'attributes' | 'failure'>;

/** From here on its traced requests do not enter JavaScript; `factsOf` tells what they were. */
export function keepTraces(
  tracer: Tracer,
  transport: NativeTransport,
  factsOf: (trace: NativeTrace) => RequestFacts,
): void {
  addon().transportKeepTraces(transport);
  tracer.addSource(() => {
    const taken = addon().transportTakeTraces(transport);
    const requests: RecordedRequest[] = [];
    for (let i = 0; i < taken.length; i += NATIVE_TRACE_LENGTH) {
      const trace = taken.slice(i, i + NATIVE_TRACE_LENGTH) as unknown as NativeTrace;
      const [, traceparent, began, ended] = trace;
      const stages = trace.slice(NATIVE_TRACE_STAGES) as number[];
      requests.push({ ...factsOf(trace), traceparent, began, ended, stages });
    }
    return requests;
  });
}

/** What the addon's transports run by themselves, for a tracer. */
import { addon } from '../native/addon.js';
import {
  NATIVE_TRACE_LENGTH,
  NativeTraceField,
  type NativeTransport,
} from '../native/transport.js';
import type { RecordedRequest, Tracer } from './tracer.js';

/** A request as the transport has noted it: what NativeTraceField says. */
export interface NativeTrace {
  readonly method: number;
  readonly status: number;
  readonly message: string;
  readonly model: string;
  readonly version: string;
  readonly requestId: string;
  readonly path: string;
}

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
      requests.push(requestAt(taken, i, factsOf));
    }
    return requests;
  });
}

/** Field by field: copies of parts of the array cost more than all the rest. */
function requestAt(
  taken: readonly unknown[],
  at: number,
  factsOf: (trace: NativeTrace) => RequestFacts,
): RecordedRequest {
  const { name, attributes, failure } = factsOf({
    method: taken[at + NativeTraceField.method] as number,
    status: taken[at + NativeTraceField.status] as number,
    message: taken[at + NativeTraceField.message] as string,
    model: taken[at + NativeTraceField.model] as string,
    version: taken[at + NativeTraceField.version] as string,
    requestId: taken[at + NativeTraceField.requestId] as string,
    path: taken[at + NativeTraceField.path] as string,
  });
  return {
    name,
    attributes,
    failure,
    traceparent: taken[at + NativeTraceField.traceparent] as string,
    began: taken[at + NativeTraceField.began] as number,
    ended: taken[at + NativeTraceField.ended] as number,
    stages: taken.slice(at + NativeTraceField.stages, at + NATIVE_TRACE_LENGTH) as number[],
  };
}

/** What the access log says of a call. */
import type { Caller } from '../access/caller.js';
import type { AccessLog } from '../log/access-log.js';
import { statusName, StatusCode, type ServingError } from '../status/serving-error.js';
import { specOf } from './call-failures.js';
import type { UnaryMethod } from './method.js';

export interface CallFacts {
  readonly method: UnaryMethod;
  readonly request: Buffer;
  readonly requestId: string;
  readonly peer: string;
  /** By performance.now(). */
  readonly startMillis: number;
  /** Null until it is known. */
  caller: Caller | null;
}

/** A call has its answer. Probes are left out: they would be most of it. */
export function callEnded(
  accessLog: AccessLog,
  { method, request, requestId, peer, startMillis, caller }: CallFacts,
  error: ServingError | null,
  reply: Uint8Array | null,
): void {
  if (!method.isLogged) return;
  const millis = performance.now() - startMillis;
  accessLog.ended(error !== null, millis, () => {
    const spec = specOf(method.name, request);
    return {
      protocol: 'gRPC',
      method: method.name,
      path: null,
      model: spec?.name ?? null,
      version: spec?.version?.toString() ?? null,
      label: spec?.label ?? null,
      status: statusName(error?.code ?? StatusCode.OK),
      millis,
      bytesIn: request.length,
      bytesOut: reply?.length ?? 0,
      peer: peer === '' ? null : peer,
      requestId: requestId === '' ? null : requestId,
      principal: caller?.name ?? null,
    };
  });
}

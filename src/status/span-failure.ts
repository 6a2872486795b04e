/** Which errors are the server's failure in a trace, of a request as of a part of it: those that OpenTelemetry lists. */
import { statusName, StatusCode, type ServingError } from './serving-error.js';

/** Of its conventions for gRPC servers; other codes are the client's failure. */
const FAILURES: ReadonlySet<StatusCode> = new Set([
  StatusCode.UNKNOWN,
  StatusCode.DEADLINE_EXCEEDED,
  StatusCode.UNIMPLEMENTED,
  StatusCode.INTERNAL,
  StatusCode.UNAVAILABLE,
  StatusCode.DATA_LOSS,
]);

/** `INTERNAL: what happened`; null where it is no failure of the server. */
export function spanFailure(error: Pick<ServingError, 'code' | 'message'> | null): string | null {
  if (error === null || !FAILURES.has(error.code)) return null;
  return `${statusName(error.code)}: ${error.message}`;
}

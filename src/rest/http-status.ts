/** Canonical codes as HTTP status lines, upstream's mapping. */
import { StatusCode } from '../status/serving-error.js';

const STATUS_LINES: ReadonlyMap<number, string> = new Map([
  [StatusCode.OK, '200 OK'],
  [StatusCode.CANCELLED, '499 Client Closed Request'],
  [StatusCode.INVALID_ARGUMENT, '400 Bad Request'],
  [StatusCode.DEADLINE_EXCEEDED, '504 Gateway Timeout'],
  [StatusCode.NOT_FOUND, '404 Not Found'],
  [StatusCode.ALREADY_EXISTS, '409 Conflict'],
  [StatusCode.PERMISSION_DENIED, '403 Forbidden'],
  [StatusCode.RESOURCE_EXHAUSTED, '429 Too Many Requests'],
  [StatusCode.FAILED_PRECONDITION, '400 Bad Request'],
  [StatusCode.ABORTED, '409 Conflict'],
  [StatusCode.OUT_OF_RANGE, '400 Bad Request'],
  [StatusCode.UNIMPLEMENTED, '501 Not Implemented'],
  [StatusCode.UNAVAILABLE, '503 Service Unavailable'],
  [StatusCode.UNAUTHENTICATED, '401 Unauthorized'],
]);

export function httpStatus(code: number): string {
  return STATUS_LINES.get(code) ?? '500 Internal Server Error';
}

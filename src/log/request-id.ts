/** Request ids: a client's own name for a request, echoed to it and put into the log. */

/** Visible ASCII, since it goes into headers and log lines. */
const REQUEST_ID = /^[\x21-\x7e]{1,128}$/;

/** As requests have it, and gRPC's metadata. */
export const REQUEST_ID_KEY = 'x-request-id';
/** As REST answers spell it. */
export const REQUEST_ID_HEADER = 'X-Request-Id';

/** The id if it is one; empty if it is none. */
export function requestIdOf(sent: string): string {
  return sent !== '' && REQUEST_ID.test(sent) ? sent : '';
}

/**
 * What upstream's HTTP library answers by itself, with an HTML page, before any route is looked at:
 * methods it does not know, and targets that are no URI.
 */
const METHODS: ReadonlySet<string> = new Set([
  'GET',
  'POST',
  'HEAD',
  'PUT',
  'DELETE',
  'OPTIONS',
  'PATCH',
]);

/** RFC 3986: a byte that must be escaped, a `%` without two hex digits, a second `#`. */
const NO_URI = /[^\w\-.~!$&'()*+,;=:@/?#%]|%(?![\da-fA-F]{2})|#.*#/;

/** The status line of the page, or null for a request that may go on. */
export function refusal(method: string, target: string): string | null {
  if (!METHODS.has(method)) return '501 Not Implemented';
  return NO_URI.test(target) ? '400 Bad Request' : null;
}

/** REQUIRES: a status line, such as `404 Not Found`. */
export function htmlPage(status: string): string {
  const reason = status.slice(4);
  return `<HTML><HEAD>\n<TITLE>${status}</TITLE>\n</HEAD><BODY>\n<H1>${reason}</H1>\n</BODY></HTML>\n`;
}

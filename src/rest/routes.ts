/**
 * The REST routes: method and request target to what is asked for. Matching ignores letter case but
 * actions and subresources count only in lower case; the query belongs to the target. All as upstream.
 */
import type { JsonMethod } from '../service/inference.js';
import type { VersionChoice } from '../service/model-catalog.js';

export type Route =
  | {
      readonly kind: 'infer';
      readonly action: JsonMethod;
      readonly name: string;
      readonly choice: VersionChoice;
    }
  | { readonly kind: 'status' | 'metadata'; readonly name: string; readonly choice: VersionChoice }
  | { readonly kind: 'list' }
  | { readonly kind: 'preflight' }
  /** A version that does not fit int64: upstream answers 400 with an empty body. */
  | { readonly kind: 'bad-version'; readonly name: string }
  /** `name` is what metrics count it under: empty where the path has none. */
  | { readonly kind: 'malformed'; readonly message: string; readonly name: string }
  /** Outside /v1/. */
  | { readonly kind: 'not-found' };

const VERSION_OR_LABEL = '(?:/versions/(\\d+)|/labels/([^/:]+))?';
const INFER = new RegExp(
  `^/v1/models/([^/:]+)${VERSION_OR_LABEL}:(classify|regress|predict)$`,
  'is',
);
const READ = new RegExp(`^/v1/models(?:/([^/:]+))?${VERSION_OR_LABEL}(?:/(metadata))?$`, 'is');
const API = /^\/v1\/./is;
const INT64_MAX = 2n ** 63n - 1n;

/** `method` in upper case, `target` as it stands in the request line. */
export function route(method: string, target: string): Route {
  if (!API.test(target) && target.toLowerCase() !== '/v1/') return { kind: 'not-found' };
  const malformed = (name: string): Route => ({
    kind: 'malformed',
    message: `Malformed request: ${method} ${target}`,
    name,
  });
  if (method === 'OPTIONS') return { kind: 'preflight' };
  const match =
    method === 'POST' ? INFER.exec(target) : method === 'GET' ? READ.exec(target) : null;
  if (match === null) return malformed('');
  const [, escaped, version, label, last] = match;
  const name = unescapeName(escaped ?? '');
  const choice = choiceOf(version, label);
  if (choice === null) return { kind: 'bad-version', name };
  if (method === 'POST') {
    if (last !== 'predict' && last !== 'classify' && last !== 'regress') {
      return malformed(name);
    }
    return { kind: 'infer', action: last, name, choice };
  }
  if (escaped === undefined) {
    // The list is tensorgate's own; upstream has this text for it, too.
    if (version === undefined && label === undefined) return { kind: 'list' };
    return { kind: 'malformed', message: 'Missing model name in request.', name };
  }
  const kind = last === 'metadata' ? 'metadata' : 'status';
  return { kind, name, choice };
}

function choiceOf(version: string | undefined, label: string | undefined): VersionChoice | null {
  if (version === undefined) {
    return { version: null, label: label === undefined ? null : unescapeName(label) };
  }
  const number = BigInt(version);
  return number > INT64_MAX ? null : { version: number, label: null };
}

/** `%XX` alone is decoded; `+` stays. */
function unescapeName(escaped: string): string {
  if (!escaped.includes('%')) return escaped;
  const bytes = escaped.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(parseInt(hex, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

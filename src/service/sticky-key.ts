/**
 * The sticky key: a header's value by which a client's requests stay with one version of a label that
 * several versions share. Read only when a request names a label.
 */
import { ServingError, StatusCode } from '../status/serving-error.js';

/** Longer values are no keys. */
const MAX_KEY_BYTES = 256;
/** What both HTTP and gRPC take; gRPC has bytes, not text, under names that end in -bin. */
const NAME = /^(?!.*-bin$)[a-z0-9_.-]+$/;

/** A request's headers, gRPC's Metadata among them: looked into when they are needed. */
export interface Headers {
  get(name: string): readonly (string | Buffer)[];
}

/**
 * The header that --sticky_header names, in lower case; null for none.
 * @throws ServingError INVALID_ARGUMENT
 */
export function stickyHeaderOf(flag: string): string | null {
  const name = flag.toLowerCase();
  if (name === '' || NAME.test(name)) return name === '' ? null : name;
  throw new ServingError(
    StatusCode.INVALID_ARGUMENT,
    `--sticky_header=${flag} is not the name of a header: expected letters, digits, "-", "_" and ` +
      '"." without "-bin" at the end',
  );
}

/** Null for what is absent, empty or too long. */
export function stickyKeyOf(value: string | Buffer | undefined): string | null {
  if (typeof value !== 'string' || value === '') return null;
  return Buffer.byteLength(value) <= MAX_KEY_BYTES ? value : null;
}

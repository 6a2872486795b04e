/** gzip: request bodies inflated and answers compressed, off the event loop. */
import { gunzip, gzip } from 'node:zlib';

import type { MemoryBudget, Held } from '../listening/buffer-budget.js';

/** Upstream's limit; what is larger counts as an empty body, as does what is no gzip. */
const MAX_INFLATED_BYTES = 100 << 20;
const EMPTY = new Uint8Array();
/** Header, an empty block and trailer. */
const SMALLEST_GZIP = 20;
/** Deflate cannot do better. */
const MAX_RATIO = 1032;

/**
 * The size is taken from the trailer, as upstream takes it, so that the memory is known before anything
 * is inflated; more than one member does not fit the trailer, unless all but the last are empty.
 * False when the budget has no room; `onBody` is not called then.
 * OWNERSHIP: `body` must stay as it is until `onBody`, whose caller releases what is held.
 */
export function inflate(
  body: Uint8Array,
  budget: MemoryBudget,
  onBody: (body: Uint8Array, held: Held | null) => void,
): boolean {
  const size = declaredSize(body);
  if (size === 0 || size > MAX_INFLATED_BYTES || size > body.length * MAX_RATIO) {
    onBody(EMPTY, null);
    return true;
  }
  const reserved = size + 1; // with a byte to spare, zlib does not ask for a second chunk
  if (!budget.take(reserved)) return false;
  let taken = reserved;
  const held: Held = {
    release: () => {
      budget.give(taken);
      taken = 0;
    },
  };
  gunzip(body, { maxOutputLength: size, chunkSize: Math.max(64, reserved) }, (error, plain) => {
    const whole = error === null && plain.length === size;
    if (!whole) held.release();
    onBody(whole ? plain : EMPTY, whole ? held : null);
  });
  return true;
}

/** The last four bytes of a gzip member: the length of what it holds. */
function declaredSize(body: Uint8Array): number {
  if (body.length < SMALLEST_GZIP) return 0;
  return new DataView(body.buffer, body.byteOffset + body.length - 4).getUint32(0, true);
}

/** RFC 9110: the most specific entry counts; gzip must not rank below identity. */
export function acceptsGzip(acceptEncoding: string): boolean {
  let gzipWeight: number | null = null;
  let anyWeight = 0;
  let identityWeight = 0;
  for (const entry of acceptEncoding.toLowerCase().split(',')) {
    const [coding = '', ...parameters] = entry.split(';').map((part) => part.trim());
    const weight = weightOf(parameters);
    if (coding === 'gzip' || coding === 'x-gzip') gzipWeight = Math.max(gzipWeight ?? 0, weight);
    else if (coding === '*') anyWeight = weight;
    else if (coding === 'identity') identityWeight = weight;
  }
  const weight = gzipWeight ?? anyWeight;
  return weight > 0 && weight >= identityWeight;
}

/** What is no weight refuses. */
function weightOf(parameters: readonly string[]): number {
  const [weight] = parameters;
  if (weight === undefined) return 1;
  const match = /^q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.exec(weight);
  return match === null ? 0 : Number(match[1]);
}

/** Null when zlib fails. OWNERSHIP: `body` must stay as it is until `done`. */
export function compress(
  body: string | Uint8Array,
  done: (compressed: Uint8Array | null) => void,
): void {
  gzip(body, { level: 1, chunkSize: 64 << 10 }, (error, compressed) => {
    done(error === null ? compressed : null);
  });
}

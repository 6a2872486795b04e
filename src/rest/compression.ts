/** Request bodies with Content-Encoding gzip, inflated off the event loop. */
import { gunzip } from 'node:zlib';

/** Upstream's limit; what is larger counts as an empty body, as does what is no gzip. */
const MAX_INFLATED_BYTES = 100 << 20;
const EMPTY = new Uint8Array();

/** OWNERSHIP: `body` must stay as it is until `onBody`. */
export function inflated(body: ArrayBuffer | Uint8Array, onBody: (body: Uint8Array) => void): void {
  gunzip(body, { maxOutputLength: MAX_INFLATED_BYTES }, (error, plain) => {
    onBody(error === null ? plain : EMPTY);
  });
}

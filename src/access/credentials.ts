/**
 * Credentials: what a request shows of who it is from: a token or key in its headers, or else the
 * certificate of its connection. As binding/access/credential.h reads them.
 */
import { createHash } from 'node:crypto';

const BEARER = /^bearer +/i;
/** A longer one is nobody's. */
export const MAX_CREDENTIAL_BYTES = 8 << 10;
/** Of one certificate. */
const MAX_SANS = 8;

export interface Credentials {
  /** Of `Authorization: Bearer`, else of `X-API-Key`; empty: none. */
  readonly token: string;
  /** SHA-256 of the names in the client's certificate, 32 bytes each, a character a byte; empty: none. */
  readonly identity: string;
}

/** `header` gives the value of a header by its name in lower case, empty where there is none. */
export function credentialsOf(header: (name: string) => string, identity: string): Credentials {
  const authorization = header('authorization');
  const scheme = BEARER.exec(authorization)?.[0] ?? '';
  // Other schemes are for others.
  const bearer = scheme === '' ? '' : authorization.slice(scheme.length);
  return { token: bearer === '' ? header('x-api-key') : bearer, identity };
}

export function digestOf(token: string): Buffer {
  return createHash('sha256').update(token, 'latin1').digest();
}

/**
 * A name in a certificate, such as `DNS:client.example`. Every bit of its SHA-256 is turned over, so that no
 * token, whatever a client sends for one, is taken for a certificate.
 */
export function sanDigest(san: string): Buffer {
  return createHash('sha256')
    .update(san)
    .digest()
    .map((byte) => byte ^ 0xff) as Buffer;
}

/** `subjectaltname` as Node's TLS gives it: `DNS:a, URI:b`. Digests, 32 bytes each. */
export function identityOf(subjectAltName: string | undefined): Buffer {
  const names = (subjectAltName ?? '').split(', ').filter((name) => name !== '');
  return Buffer.concat(names.slice(0, MAX_SANS).map(sanDigest));
}

/**
 * A uWebSockets app that speaks HTTPS. uWebSockets takes keys from files only, so they lie in a
 * folder of the user's own while the app is made, and no longer.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { TemplatedApp } from 'uWebSockets.js';

import type { SslConfig } from '../../config/ssl-config.js';
import { ServingError, StatusCode } from '../../status/serving-error.js';
import { uWS } from './library.js';

/**
 * Asks no client for a certificate: see client-verification.ts. Blocking: for start-up.
 * @throws ServingError when the app cannot be made
 */
export function sslApp(ssl: SslConfig): TemplatedApp {
  const folder = mkdtempSync(join(tmpdir(), 'tensorgate-ssl-')); // mode 0700
  try {
    const file = (name: string, text: string): string => {
      const path = join(folder, name);
      writeFileSync(path, text, { mode: 0o600 });
      return path;
    };
    return uWS.SSLApp({
      key_file_name: file('key.pem', ssl.serverKey),
      cert_file_name: file('cert.pem', ssl.serverCert),
    });
  } catch (cause) {
    const message = `REST cannot use the ssl config: ${ServingError.from(cause).message}`;
    throw new ServingError(StatusCode.INVALID_ARGUMENT, message, [], { cause });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

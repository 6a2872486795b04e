/**
 * uWebSockets, which an installed package has from the package with the native parts of its platform, and a
 * checkout from npm. Loaded once, with the first module that needs it.
 */
import { createRequire } from 'node:module';

import type * as UWebSockets from 'uWebSockets.js';

import { ServingError, StatusCode } from '../../status/serving-error.js';

const PLACES = [`@tensorgate/linux-${process.arch}-gnu/uws.js`, 'uWebSockets.js'];

export const uWS: typeof UWebSockets = load();

/** @throws ServingError FAILED_PRECONDITION where there is none for this Node.js */
function load(): typeof UWebSockets {
  const require = createRequire(import.meta.url);
  const reasons: string[] = [];
  for (const place of PLACES) {
    try {
      return require(place) as typeof UWebSockets;
    } catch (error) {
      reasons.push(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
    }
  }
  throw new ServingError(
    StatusCode.FAILED_PRECONDITION,
    `--rest_transport=uwebsockets: uWebSockets cannot be loaded: ${reasons.join('; ')}`,
  );
}

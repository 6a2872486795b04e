/** Where gRPC listens, and why it does not, in upstream's words, whatever carries it. */
import { lstatSync, rmSync } from 'node:fs';

import { ServingError, StatusCode } from '../status/serving-error.js';

/** All IPv4 addresses, as upstream. */
export const GRPC_HOST = '0.0.0.0';

/**
 * Removes the socket at `path`, so that it can be bound; what is no socket stays. A server that was killed
 * leaves its own behind. As upstream, one that still serves there loses the path too.
 */
export function removeSocket(path: string): void {
  try {
    if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true) rmSync(path);
  } catch {
    // Binding fails then, and says why.
  }
}

export function grpcStartFailure(reason: string, cause?: unknown): ServingError {
  const message = `Failed to BuildAndStart gRPC server: ${reason}`;
  return new ServingError(StatusCode.UNAVAILABLE, message, [], { cause });
}

/** Where gRPC listens, and why it does not, in upstream's words, whatever carries it. */
import { ServingError, StatusCode } from '../status/serving-error.js';

/** All IPv4 addresses, as upstream. */
export const GRPC_HOST = '0.0.0.0';

export function grpcStartFailure(reason: string, cause?: unknown): ServingError {
  const message = `Failed to BuildAndStart gRPC server: ${reason}`;
  return new ServingError(StatusCode.UNAVAILABLE, message, [], { cause });
}

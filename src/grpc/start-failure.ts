/** Why gRPC does not listen, in upstream's words, whatever carries it. */
import { ServingError, StatusCode } from '../status/serving-error.js';

export function grpcStartFailure(reason: string, cause?: unknown): ServingError {
  const message = `Failed to BuildAndStart gRPC server: ${reason}`;
  return new ServingError(StatusCode.UNAVAILABLE, message, [], { cause });
}

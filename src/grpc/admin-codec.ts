/** tensorgate.AdminService's messages: small, so protobufjs reads and writes them. */
import type protobuf from 'protobufjs';

import { AccessMethod, EVERY_MODEL } from '../access/caller.js';
import type { AdminApi } from '../service/admin-api.js';
import { onBehalfOf } from '../service/caller.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import type { Unary } from './method.js';

/** As over REST. */
const MAX_REQUEST_BYTES = 1 << 20;

/** Every method by its name. */
export function adminUnary(admin: AdminApi): Record<string, Unary> {
  const methods = [...admin.methods].map(([name, { request, response, call }]): [string, Unary] => [
    name,
    (bytes, timeoutMillis, done, { isGone, caller }) => {
      caller.admit(AccessMethod.admin, EVERY_MODEL).release();
      const message = decodedRequest(request, bytes);
      onBehalfOf(timeoutMillis, isGone, (signal) => call(message, signal)).then(
        (reply) => done(null, response.encode(reply).finish()),
        (error: unknown) => done(ServingError.from(error), null),
      );
    },
  ]);
  return Object.fromEntries(methods);
}

/** @throws ServingError */
export function decodedRequest(type: protobuf.Type, bytes: Uint8Array): protobuf.Message {
  if (bytes.length > MAX_REQUEST_BYTES) {
    const message = `The request is larger than ${MAX_REQUEST_BYTES} bytes`;
    throw new ServingError(StatusCode.RESOURCE_EXHAUSTED, message);
  }
  try {
    return type.decode(bytes);
  } catch (cause) {
    const message = `The request is not a ${type.name}`;
    throw new ServingError(StatusCode.INVALID_ARGUMENT, message, [], { cause });
  }
}

/** tensorgate.AdminService's messages: small, so protobufjs reads and writes them. */
import type protobuf from 'protobufjs';

import type { AdminApi } from '../service/admin-api.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import type { Unary } from './server.js';

/** Every method by its name. */
export function adminUnary(admin: AdminApi): Record<string, Unary> {
  const methods = [...admin.methods].map(([name, { request, response, call }]): [string, Unary] => [
    name,
    (bytes, _timeout, done) => {
      call(decoded(request, bytes)).then(
        (reply) => done(null, response.encode(reply).finish()),
        (error: unknown) => done(ServingError.from(error), null),
      );
    },
  ]);
  return Object.fromEntries(methods);
}

function decoded(type: protobuf.Type, bytes: Uint8Array): protobuf.Message {
  try {
    return type.decode(bytes);
  } catch (cause) {
    const message = `The request is not a ${type.name}`;
    throw new ServingError(StatusCode.INVALID_ARGUMENT, message, [], { cause });
  }
}

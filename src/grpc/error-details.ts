/**
 * ErrorDetails: an error's violations as the trailer that rich gRPC clients read: a google.rpc.Status
 * with one google.rpc.BadRequest. Upstream sends none, so neither does this where nothing is to add.
 */
import type protobuf from 'protobufjs';

import { loadProtos } from '../protos/protos.js';
import { isServerFault, type ServingError, type Violation } from '../status/serving-error.js';

export const ERROR_DETAILS_TRAILER = 'grpc-status-details-bin';

/** Base64 on the wire makes 4 KiB of it; clients limit the size of all trailers together. */
const MAX_BYTES = 3072;
const BAD_REQUEST = 'type.googleapis.com/google.rpc.BadRequest';

export class ErrorDetails {
  readonly #status: protobuf.Type;
  readonly #badRequest: protobuf.Type;

  constructor() {
    const root = loadProtos(['google/rpc/status.proto', 'google/rpc/error_details.proto']);
    this.#status = root.lookupType('google.rpc.Status');
    this.#badRequest = root.lookupType('google.rpc.BadRequest');
  }

  /**
   * The trailer's bytes; null where there is nothing to say. `message` is the one that is sent: some
   * clients compare. Violations that do not fit are left out, the first ones stay.
   */
  encode({ code, violations }: ServingError, message: string): Buffer | null {
    if (isServerFault(code)) return null;
    for (let count = violations.length; count > 0; --count) {
      const bytes = this.#encode(code, message, violations.slice(0, count));
      if (bytes.length <= MAX_BYTES) return Buffer.from(bytes);
    }
    return null;
  }

  #encode(code: number, message: string, violations: readonly Violation[]): Uint8Array {
    const badRequest = this.#badRequest.fromObject({ field_violations: violations });
    const value = this.#badRequest.encode(badRequest).finish();
    const status = { code, message, details: [{ type_url: BAD_REQUEST, value }] };
    return this.#status.encode(this.#status.fromObject(status)).finish();
  }
}

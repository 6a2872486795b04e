/**
 * ErrorDetails: what an error's message leaves out as the trailer that rich gRPC clients read: a
 * google.rpc.Status with one google.rpc.BadRequest or one google.rpc.RetryInfo. Upstream sends none, so
 * neither does this where nothing is to add.
 */
import type protobuf from 'protobufjs';

import { loadProtos } from '../protos/protos.js';
import { isServerFault, type ServingError } from '../status/serving-error.js';

export const ERROR_DETAILS_TRAILER = 'grpc-status-details-bin';

/** Base64 on the wire makes 4 KiB of it; clients limit the size of all trailers together. */
const MAX_BYTES = 3072;
const TYPES = 'type.googleapis.com/';
const BAD_REQUEST = 'google.rpc.BadRequest';
const RETRY_INFO = 'google.rpc.RetryInfo';

export class ErrorDetails {
  readonly #status: protobuf.Type;
  readonly #badRequest: protobuf.Type;
  readonly #retryInfo: protobuf.Type;

  constructor() {
    const root = loadProtos(['google/rpc/status.proto', 'google/rpc/error_details.proto']);
    this.#status = root.lookupType('google.rpc.Status');
    this.#badRequest = root.lookupType(BAD_REQUEST);
    this.#retryInfo = root.lookupType(RETRY_INFO);
  }

  /**
   * The trailer's bytes; null where there is nothing to say. `message` is the one that is sent: some
   * clients compare. Violations that do not fit are left out, the first ones stay.
   */
  encode(error: ServingError, message: string): Buffer | null {
    const { code, violations, retryAfterMillis } = error;
    if (retryAfterMillis !== null) {
      const retry_delay = {
        seconds: Math.floor(retryAfterMillis / 1000),
        nanos: Math.round((retryAfterMillis % 1000) * 1e6),
      };
      return this.#encode(code, message, RETRY_INFO, this.#retryInfo, { retry_delay });
    }
    if (isServerFault(code)) return null;
    for (let count = violations.length; count > 0; --count) {
      const field_violations = violations.slice(0, count);
      const detail = { field_violations };
      const bytes = this.#encode(code, message, BAD_REQUEST, this.#badRequest, detail);
      if (bytes.length <= MAX_BYTES) return bytes;
    }
    return null;
  }

  #encode(
    code: number,
    message: string,
    name: string,
    type: protobuf.Type,
    detail: object,
  ): Buffer {
    const value = type.encode(type.fromObject(detail)).finish();
    const status = { code, message, details: [{ type_url: TYPES + name, value }] };
    return Buffer.from(this.#status.encode(this.#status.fromObject(status)).finish());
  }
}

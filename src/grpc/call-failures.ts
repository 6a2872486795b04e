/** CallFailures: what a failed call's client is told, and what the log says of it. */
import type { RequestLog } from '../log/request-log.js';
import { readModelSpec, type ModelSpec } from '../native/requests.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import { ErrorDetails } from './error-details.js';
import type { UnaryMethod } from './method.js';
import { SPEC_READERS } from './methods.js';

const MAX_MESSAGE_CHARS = 1024;

export interface CallStatus {
  readonly code: number;
  readonly message: string;
  /** Of the trailer ERROR_DETAILS_TRAILER. */
  readonly details: Buffer | null;
}

/** The outcome of a call whose client did not wait for it: its own deadline has passed, or it has left. */
export function clientGone(): ServingError {
  return new ServingError(StatusCode.CANCELLED, 'the client did not wait for the answer');
}

export class CallFailures {
  readonly #errorDetails = new ErrorDetails();
  readonly #requestLog: RequestLog;

  constructor(requestLog: RequestLog) {
    this.#requestLog = requestLog;
  }

  /** The status to send; the log has it, too. */
  statusOf(
    { name, isLogged }: UnaryMethod,
    request: Buffer,
    requestId: string,
    error: ServingError,
  ): CallStatus {
    if (isLogged) {
      this.#requestLog.failed(error, () => {
        const spec = specOf(name, request);
        return {
          transport: 'gRPC',
          method: name,
          model: spec?.name ?? null,
          version: spec?.version?.toString() ?? spec?.label ?? null,
          requestId,
          millis: null,
        };
      });
    }
    const message = shortened(error.message);
    return { code: error.code, message, details: this.#errorDetails.encode(error, message) };
  }
}

/** The ModelSpec of a request that may be anything. */
export function specOf(method: string, request: Buffer): ModelSpec | null {
  const reader = SPEC_READERS.get(method);
  try {
    return reader === undefined ? null : readModelSpec(request, reader);
  } catch {
    return null;
  }
}

/** Upstream cuts long messages, since some clients limit header sizes. */
function shortened(message: string): string {
  if (message.length <= MAX_MESSAGE_CHARS) return message;
  // Half a surrogate pair could not be sent.
  const kept = message.slice(0, MAX_MESSAGE_CHARS).replace(/[\ud800-\udbff]$/, '');
  return `${kept}...TRUNCATED`;
}

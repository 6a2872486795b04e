/** One method that is served over gRPC, whatever carries it: GrpcMethods has all of them. */
import type { Caller } from '../access/caller.js';
import type { RequestContext } from '../service/request-context.js';
import type { ServingError } from '../status/serving-error.js';
import type { MessageStream, StreamHandler } from './stream.js';

/** One unary method: request bytes to response bytes, or an error. `timeoutMillis` 0 is none. */
export type Unary = (
  request: Buffer,
  timeoutMillis: number,
  done: (error: ServingError | null, reply: Uint8Array | null) => void,
  context: RequestContext,
) => void;

export interface UnaryMethod {
  readonly path: string;
  readonly name: string;
  readonly call: Unary;
  /** Whether failures are worth a line in the log; a health check's are not. */
  readonly isLogged: boolean;
  /** Needs no credentials. */
  readonly isOpen: boolean;
  /** Of those that a transport may run on a model by itself; null for others. */
  readonly direct: 'predict' | 'classify' | 'regress' | null;
}

export interface StreamingMethod {
  readonly path: string;
  /** Otherwise the client sends one message. */
  readonly requestStream: boolean;
  readonly open: (stream: MessageStream, caller: Caller) => StreamHandler;
}

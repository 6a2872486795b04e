/**
 * grpc.health.v1.Health as upstream serves it: the server and its two services by their short names
 * are SERVING, all other names unknown. The server opens its port when it serves, so nothing changes
 * before the drain, which watchers are told of.
 */
import { loadProtos } from '../protos/protos.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import type { Unary } from './methods.js';
import { OpenStreams, type MessageStream, type StreamHandler } from './stream.js';

const KNOWN: ReadonlySet<string> = new Set(['', 'ModelService', 'PredictionService']);

interface Request {
  readonly service: string;
}

export const HEALTH_PROTO = 'grpc/health/v1/health.proto';
export const HEALTH_SERVICE = 'grpc.health.v1.Health';

export class HealthService {
  readonly #watches = new OpenStreams();
  readonly #read: (request: Uint8Array) => Request;
  readonly #answer: (status: string) => Buffer;

  constructor() {
    const root = loadProtos([HEALTH_PROTO]);
    const request = root.lookupType('grpc.health.v1.HealthCheckRequest');
    const response = root.lookupType('grpc.health.v1.HealthCheckResponse');
    this.#read = (bytes) => {
      try {
        return request.decode(bytes) as unknown as Request;
      } catch (cause) {
        const message = 'Error deserializing request';
        throw new ServingError(StatusCode.INTERNAL, message, [], { cause });
      }
    };
    this.#answer = (status) =>
      Buffer.from(response.encode(response.fromObject({ status })).finish());
  }

  /** @throws ServingError INTERNAL for what is no HealthCheckRequest */
  readonly check: Unary = (bytes, _timeout, done) => {
    if (KNOWN.has(this.#read(bytes).service)) done(null, this.#answer('SERVING'));
    else done(new ServingError(StatusCode.NOT_FOUND, 'service name unknown'), null);
  };

  watch(stream: MessageStream): StreamHandler {
    return {
      message: (bytes) => {
        const { service } = this.#read(bytes);
        this.#watches.add(stream);
        stream.write(this.#answer(KNOWN.has(service) ? 'SERVING' : 'SERVICE_UNKNOWN'));
      },
      halfClose: () => undefined,
    };
  }

  /** Watchers learn that nothing is served any more, and their calls end. */
  close(): void {
    this.#watches.endAll(this.#answer('NOT_SERVING'));
  }
}

/**
 * grpc.health.v1.Health as upstream serves it: the server and its two services by their short names
 * are SERVING, all other names unknown. The server opens its port when it serves, so nothing changes
 * before the drain, which watchers are told of.
 */
import * as grpc from '@grpc/grpc-js';

import { OpenStreams } from './open-streams.js';
import { loadProtos } from '../protos/protos.js';

const KNOWN: ReadonlySet<string> = new Set(['', 'ModelService', 'PredictionService']);

interface Request {
  readonly service: string;
}

const rawBytes = (bytes: Buffer): Buffer => bytes;

export const HEALTH_PROTO = 'grpc/health/v1/health.proto';
export const HEALTH_SERVICE = 'grpc.health.v1.Health';

export class HealthService {
  readonly #watches = new OpenStreams<Buffer>();
  readonly #read: (request: Buffer) => Request;
  readonly #answer: (status: string) => Buffer;

  constructor() {
    const root = loadProtos([HEALTH_PROTO]);
    const request = root.lookupType('grpc.health.v1.HealthCheckRequest');
    const response = root.lookupType('grpc.health.v1.HealthCheckResponse');
    this.#read = (bytes) => request.decode(bytes) as unknown as Request;
    this.#answer = (status) =>
      Buffer.from(response.encode(response.fromObject({ status })).finish());
  }

  addTo(server: grpc.Server): void {
    const method = {
      requestStream: false,
      requestSerialize: rawBytes,
      requestDeserialize: this.#read,
      responseSerialize: rawBytes,
      responseDeserialize: rawBytes,
    };
    server.addService(
      {
        Check: { ...method, path: `/${HEALTH_SERVICE}/Check`, responseStream: false },
        Watch: { ...method, path: `/${HEALTH_SERVICE}/Watch`, responseStream: true },
      },
      {
        Check: (
          call: grpc.ServerUnaryCall<Request, Buffer>,
          callback: grpc.sendUnaryData<Buffer>,
        ) => {
          if (KNOWN.has(call.request.service)) callback(null, this.#answer('SERVING'));
          else callback({ code: grpc.status.NOT_FOUND, details: 'service name unknown' });
        },
        Watch: (call: grpc.ServerWritableStream<Request, Buffer>) => {
          this.#watches.add(call);
          call.write(this.#answer(KNOWN.has(call.request.service) ? 'SERVING' : 'SERVICE_UNKNOWN'));
        },
      },
    );
  }

  /** Watchers learn that nothing is served any more, and their calls end. */
  close(): void {
    this.#watches.endAll(this.#answer('NOT_SERVING'));
  }
}

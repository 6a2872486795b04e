/**
 * GrpcServer: the gRPC listener over @grpc/grpc-js. Messages pass through as raw bytes: the services
 * and the addon read and write them. Carries requests, decides nothing.
 */
import * as grpc from '@grpc/grpc-js';

import type { SslConfig } from '../config/ssl-config.js';
import { REQUEST_ID_KEY, requestIdOf } from '../log/request-id.js';
import type { RequestLog } from '../log/request-log.js';
import { Method } from '../native/binding.js';
import { readModelSpec, type ModelSpec } from '../native/requests.js';
import { ADMIN_PROTO, ADMIN_SERVICE, type AdminApi } from '../service/admin-api.js';
import type { InferenceService } from '../service/inference.js';
import type { Headers } from '../service/sticky-key.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import { adminUnary } from './admin-codec.js';
import { ERROR_DETAILS_TRAILER, ErrorDetails } from './error-details.js';
import { HEALTH_PROTO, HEALTH_SERVICE, HealthService } from './health.js';
import type { MetadataCodec } from './metadata-codec.js';
import type { ModelServiceCodec } from './model-service-codec.js';
import { ReflectionService } from './reflection.js';

export interface GrpcServerOptions {
  readonly inference: InferenceService;
  readonly modelService: ModelServiceCodec;
  readonly metadata: MetadataCodec;
  /** Whether to offer the health service. */
  readonly health: boolean;
  /** Of grpc-js's server. */
  readonly channelOptions: grpc.ServerOptions;
  /** TLS of every address; null is none. */
  readonly ssl: SslConfig | null;
  /** Whether to serve SessionRun. */
  readonly sessionRun: boolean;
  /** Null: not offered. */
  readonly admin: AdminApi | null;
  readonly requestLog: RequestLog;
}

/** One unary method: request bytes to response bytes, or an error. `timeoutMillis` 0 is none. */
export type Unary = (
  request: Buffer,
  timeoutMillis: number,
  done: (error: ServingError | null, reply: Uint8Array | null) => void,
  headers: Headers,
  isGone: () => boolean,
) => void;

const PREDICTION_SERVICE = 'tensorflow.serving.PredictionService';
const MODEL_SERVICE = 'tensorflow.serving.ModelService';
const SESSION_SERVICE = 'tensorflow.serving.SessionService';
const SESSION_PROTO = 'tensorflow_serving/apis/session_service.proto';
const API_PROTOS = ['prediction_service', 'model_service'].map(
  (name) => `tensorflow_serving/apis/${name}.proto`,
);
const MAX_MESSAGE_CHARS = 1024;

/** How to read the ModelSpec of a method's request, for the log. */
const SPEC_READERS: ReadonlyMap<string, Method> = new Map<string, Method>([
  ['Predict', Method.predict],
  ['Classify', Method.classify],
  ['Regress', Method.regress],
  ['MultiInference', Method.multiInference],
  ['GetModelMetadata', Method.predict],
  ['GetModelStatus', Method.predict],
]);

const rawBytes = (bytes: Buffer): Buffer => bytes;

export class GrpcServer {
  readonly #server: grpc.Server;
  readonly #credentials: grpc.ServerCredentials;
  readonly #health: HealthService | null;
  readonly #reflection: ReflectionService;
  readonly #errorDetails = new ErrorDetails();
  readonly #requestLog: RequestLog;

  constructor(options: GrpcServerOptions) {
    const { inference, modelService, metadata, health, sessionRun, channelOptions, ssl } = options;
    const { requestLog, admin } = options;
    this.#server = new grpc.Server(channelOptions);
    this.#credentials = credentialsOf(ssl);
    this.#requestLog = requestLog;
    this.#add(PREDICTION_SERVICE, {
      Predict: (...call) => inference.proto('predict', ...call),
      Classify: (...call) => inference.proto('classify', ...call),
      Regress: (...call) => inference.proto('regress', ...call),
      MultiInference: (...call) => inference.proto('multiInference', ...call),
      GetModelMetadata: (request, _, done) => done(null, metadata.getModelMetadata(request)),
    });
    this.#add(MODEL_SERVICE, {
      GetModelStatus: (request, _, done) => done(null, modelService.getModelStatus(request)),
      HandleReloadConfigRequest: (request, _, done) => {
        modelService.handleReloadConfig(request).then(
          (reply) => done(null, reply),
          (error: unknown) => done(ServingError.from(error), null),
        );
      },
    });
    // Refused, it has upstream's empty text; a method grpc-js does not know gets one of its own.
    this.#add(SESSION_SERVICE, {
      SessionRun: sessionRun
        ? (...call) => inference.proto('sessionRun', ...call)
        : (_request, _timeout, done) => done(new ServingError(StatusCode.UNIMPLEMENTED, ''), null),
    });
    if (admin !== null) this.#add(ADMIN_SERVICE, adminUnary(admin));
    this.#health = health ? new HealthService() : null;
    this.#health?.addTo(this.#server);
    this.#reflection = new ReflectionService(
      [
        PREDICTION_SERVICE,
        MODEL_SERVICE,
        ...(sessionRun ? [SESSION_SERVICE] : []),
        ...(admin === null ? [] : [ADMIN_SERVICE]),
        ...(health ? [HEALTH_SERVICE] : []),
      ],
      [
        ...API_PROTOS,
        ...(sessionRun ? [SESSION_PROTO] : []),
        ...(admin === null ? [] : [ADMIN_PROTO]),
        ...(health ? [HEALTH_PROTO] : []),
      ],
    );
    this.#reflection.addTo(this.#server);
  }

  /** `address` is host:port or unix:path. @throws ServingError UNAVAILABLE */
  listen(address: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.bindAsync(address, this.#credentials, (error) => {
        if (error === null) resolve();
        else {
          const message = `cannot listen on ${address}: ${error.message}`;
          reject(new ServingError(StatusCode.UNAVAILABLE, message, [], { cause: error }));
        }
      });
    });
  }

  /** Accepts no more calls; resolves when the ones in flight have their answers. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.tryShutdown(() => resolve());
      this.#health?.close();
      this.#reflection.close();
    });
  }

  /** Ends every call. */
  destroy(): void {
    this.#server.forceShutdown();
  }

  #add(service: string, methods: Record<string, Unary>): void {
    const definition: Record<string, grpc.MethodDefinition<Buffer, Buffer>> = {};
    const handlers: grpc.UntypedServiceImplementation = {};
    for (const [name, unary] of Object.entries(methods)) {
      definition[name] = {
        path: `/${service}/${name}`,
        requestStream: false,
        responseStream: false,
        requestSerialize: rawBytes,
        requestDeserialize: rawBytes,
        responseSerialize: rawBytes,
        responseDeserialize: rawBytes,
      };
      handlers[name] = this.#handlerOf(name, unary);
    }
    this.#server.addService(definition, handlers);
  }

  #handlerOf(method: string, unary: Unary): grpc.handleUnaryCall<Buffer, Buffer> {
    return (call, callback) => {
      const sent = call.metadata.get(REQUEST_ID_KEY)[0];
      const requestId = typeof sent === 'string' ? requestIdOf(sent) : '';
      if (requestId !== '') {
        const echo = new grpc.Metadata();
        echo.set(REQUEST_ID_KEY, requestId);
        call.sendMetadata(echo);
      }
      const done = (error: ServingError | null, reply: Uint8Array | null): void => {
        if (error === null) callback(null, reply as Buffer);
        else callback(this.#failure(method, call.request, requestId, error));
      };
      try {
        unary(
          call.request,
          timeoutOf(call.getDeadline()),
          done,
          call.metadata,
          () => call.cancelled,
        );
      } catch (error) {
        done(ServingError.from(error), null);
      }
    };
  }

  /** The status to send; the log has it, too. */
  #failure(
    method: string,
    request: Buffer,
    requestId: string,
    error: ServingError,
  ): Partial<grpc.StatusObject> {
    this.#requestLog.failed(error, () => {
      const spec = specOf(method, request);
      return {
        transport: 'gRPC',
        method,
        model: spec?.name ?? null,
        version: spec?.version?.toString() ?? spec?.label ?? null,
        requestId,
        millis: null,
      };
    });
    const details = shortened(error.message);
    const metadata = new grpc.Metadata();
    const trailer = this.#errorDetails.encode(error, details);
    if (trailer !== null) metadata.set(ERROR_DETAILS_TRAILER, trailer);
    return { code: error.code, details, metadata };
  }
}

/** The ModelSpec of a request that may be anything. */
function specOf(method: string, request: Buffer): ModelSpec | null {
  const reader = SPEC_READERS.get(method);
  try {
    return reader === undefined ? null : readModelSpec(request, reader);
  } catch {
    return null;
  }
}

function credentialsOf(ssl: SslConfig | null): grpc.ServerCredentials {
  if (ssl === null) return grpc.ServerCredentials.createInsecure();
  const { serverKey, serverCert, clientCa } = ssl;
  return grpc.ServerCredentials.createSsl(
    clientCa === null ? null : Buffer.from(clientCa),
    [{ private_key: Buffer.from(serverKey), cert_chain: Buffer.from(serverCert) }],
    clientCa !== null,
  );
}

/** Milliseconds left; 0 is none, and a deadline that has passed leaves the shortest there is. */
function timeoutOf(deadline: Date | number): number {
  const millis = Number(deadline) - Date.now();
  return Number.isFinite(millis) ? Math.min(Math.max(1, Math.ceil(millis)), 0x7fffffff) : 0;
}

/** Upstream cuts long messages, since some clients limit header sizes. */
function shortened(message: string): string {
  if (message.length <= MAX_MESSAGE_CHARS) return message;
  // Half a surrogate pair could not be sent.
  const kept = message.slice(0, MAX_MESSAGE_CHARS).replace(/[\ud800-\udbff]$/, '');
  return `${kept}...TRUNCATED`;
}

/**
 * GrpcServer: the gRPC listener over @grpc/grpc-js. Messages pass through as raw bytes: the services
 * and the addon read and write them. Carries requests, decides nothing.
 */
import * as grpc from '@grpc/grpc-js';

import { whenKnown, type Authenticator } from '../access/authenticator.js';
import { credentialsOf, identityOf, type Credentials } from '../access/credentials.js';
import { NOBODY, type Caller } from '../access/caller.js';
import type { SslConfig } from '../config/ssl-config.js';
import { REQUEST_ID_KEY, requestIdOf } from '../log/request-id.js';
import type { AccessLog } from '../log/access-log.js';
import type { RequestLog } from '../log/request-log.js';
import { TRACEPARENT, type Tracer } from '../tracing/tracer.js';
import { addressText, type Address } from '../listening/addresses.js';
import { BufferBudget, Share } from '../listening/buffer-budget.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import { callEnded, type CallFacts } from './call-access.js';
import { CallFailures, clientGone } from './call-failures.js';
import { callTrace, endCallTrace } from './call-trace.js';
import { ERROR_DETAILS_TRAILER } from './error-details.js';
import { BoundedInflation } from './bounded-inflation.js';
import { noMemory } from './inflate.js';
import type { StreamingMethod, UnaryMethod } from './method.js';
import { GrpcMethods, type GrpcMethodsOptions } from './methods.js';
import type { MessageStream } from './stream.js';

export interface GrpcServerOptions extends GrpcMethodsOptions {
  /** Of grpc-js's server. */
  readonly channelOptions: grpc.ServerOptions;
  /** Memory of all requests; grpc-js gathers each that is not compressed before it counts. */
  readonly maxBufferedBytes: number;
  readonly authenticator: Authenticator;
  /** TLS of every address; null is none. */
  readonly ssl: SslConfig | null;
  readonly requestLog: RequestLog;
  /** Null: there is none. */
  readonly accessLog: AccessLog | null;
  /** Null: nothing is traced. */
  readonly tracer: Tracer | null;
}

type Stream = grpc.ServerWritableStream<Buffer, Buffer> | grpc.ServerDuplexStream<Buffer, Buffer>;

const rawBytes = (bytes: Buffer): Buffer => bytes;

export class GrpcServer {
  readonly #server: grpc.Server;
  readonly #credentials: grpc.ServerCredentials;
  readonly #methods: GrpcMethods;
  readonly #failures: CallFailures;
  readonly #budget: BufferBudget;
  readonly #inflation: BoundedInflation;
  readonly #authenticator: Authenticator;
  readonly #accessLog: AccessLog | null;
  readonly #tracer: Tracer | null;

  constructor(options: GrpcServerOptions) {
    const { channelOptions, maxBufferedBytes } = options;
    const most = channelOptions['grpc.max_receive_message_length'] ?? maxBufferedBytes;
    const limit = Math.min(most, maxBufferedBytes);
    this.#budget = new BufferBudget(maxBufferedBytes);
    this.#inflation = new BoundedInflation({ most: limit, budget: this.#budget });
    this.#server = new grpc.Server({
      ...channelOptions,
      'grpc.max_receive_message_length': limit,
      interceptors: [this.#inflation.interceptor],
    });
    this.#credentials = serverCredentials(options.ssl);
    this.#failures = new CallFailures(options.requestLog);
    this.#authenticator = options.authenticator;
    this.#accessLog = options.accessLog;
    this.#tracer = options.tracer;
    this.#methods = new GrpcMethods(options);
    for (const method of this.#methods.unary) {
      this.#add(method.path, false, false, this.#unaryHandler(method));
    }
    for (const method of this.#methods.streaming) {
      const handler = streamHandler(method, this.#authenticator);
      this.#add(method.path, method.requestStream, true, handler);
    }
  }

  /** @throws ServingError UNAVAILABLE */
  listen(address: Address): Promise<void> {
    const where = addressText(address);
    return new Promise((resolve, reject) => {
      this.#server.bindAsync(where, this.#credentials, (error) => {
        if (error === null) resolve();
        else {
          const message = `cannot listen on ${where}: ${error.message}`;
          reject(new ServingError(StatusCode.UNAVAILABLE, message, [], { cause: error }));
        }
      });
    });
  }

  /** Accepts no more calls; resolves when the ones in flight have their answers. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.tryShutdown(() => resolve());
      this.#methods.close();
    });
  }

  /** Ends every call. */
  destroy(): void {
    this.#server.forceShutdown();
  }

  #add(
    path: string,
    requestStream: boolean,
    responseStream: boolean,
    handler: grpc.UntypedHandleCall,
  ): void {
    const definition: grpc.MethodDefinition<Buffer, Buffer> = {
      path,
      requestStream,
      responseStream,
      requestSerialize: rawBytes,
      requestDeserialize: rawBytes,
      responseSerialize: rawBytes,
      responseDeserialize: rawBytes,
    };
    this.#server.addService({ method: definition }, { method: handler });
  }

  #unaryHandler(method: UnaryMethod): grpc.handleUnaryCall<Buffer, Buffer> {
    return (call, callback) => {
      const requestId = requestIdOf(textOf(call, REQUEST_ID_KEY));
      if (requestId !== '') {
        const echo = new grpc.Metadata();
        echo.set(REQUEST_ID_KEY, requestId);
        call.sendMetadata(echo);
      }
      const trace = callTrace(this.#tracer, method, textOf(call, TRACEPARENT), null);
      const inflated = this.#inflation.take(call.request);
      const received = new Share(this.#budget);
      const accessLog = this.#accessLog;
      const facts: CallFacts | null =
        accessLog === null
          ? null
          : {
              ...{ method, requestId, request: call.request, peer: call.getPeer() },
              startMillis: performance.now(),
              caller: null,
            };
      const done = (error: ServingError | null, reply: Uint8Array | null): void => {
        (inflated ?? received).release();
        const outcome = error ?? (call.cancelled ? clientGone() : null);
        if (facts !== null && accessLog !== null) callEnded(accessLog, facts, outcome, reply);
        endCallTrace(trace, outcome);
        if (error === null) callback(null, reply as Buffer);
        else callback(this.#statusOf(method, call.request, requestId, error));
      };
      if (inflated === null && !received.take(call.request.length)) {
        done(noMemory(), null);
        return;
      }
      whenKnown(
        this.#authenticator.caller(() => credentialsOfCall(call)),
        (caller) => {
          if (facts !== null) facts.caller = caller;
          if (!caller.isKnown && !method.isOpen) throw caller.turnAway();
          const timeoutMillis = timeoutOf(call.getDeadline());
          const isGone = (): boolean => call.cancelled;
          const headers = call.metadata;
          const cacheControl = headers.get('cache-control').join();
          const context = { headers, isGone, caller, trace, cacheControl };
          method.call(call.request, timeoutMillis, done, context);
        },
        (error) => done(error, null),
      );
    };
  }

  #statusOf(
    method: UnaryMethod,
    request: Buffer,
    requestId: string,
    error: ServingError,
  ): Partial<grpc.StatusObject> {
    const { code, message, details } = this.#failures.statusOf(method, request, requestId, error);
    const metadata = new grpc.Metadata();
    if (details !== null) metadata.set(ERROR_DETAILS_TRAILER, details);
    return { code, details: message, metadata };
  }
}

/** A stream of one request or of many. */
function streamHandler(
  method: StreamingMethod,
  authenticator: Authenticator,
): (stream: Stream) => void {
  return (stream) => {
    const open = (caller: Caller): { take: (bytes: Buffer) => void; end: () => void } => {
      const handler = method.open(messageStream(stream), caller);
      const take = (bytes: Buffer): void => {
        try {
          handler.message(bytes);
        } catch {
          const error = { code: grpc.status.INTERNAL, details: 'Error deserializing request' };
          stream.emit('error', error);
        }
      };
      return { take, end: () => handler.halfClose() };
    };
    if (!('request' in stream)) {
      const { take, end } = open(NOBODY); // it is open to all
      stream.on('data', take);
      stream.on('end', end);
      return;
    }
    whenKnown(
      authenticator.caller(() => credentialsOfCall(stream)),
      (caller) => {
        if (stream.cancelled) return;
        const { take, end } = open(caller);
        take(stream.request);
        end();
      },
      ({ code, message }) => stream.emit('error', { code, details: message }),
    );
  };
}

function messageStream(stream: Stream): MessageStream {
  return {
    write: (message) => {
      if (!stream.writableEnded) stream.write(message as Buffer);
    },
    end: (error) => {
      if (error === undefined) stream.end();
      else stream.emit('error', { code: error.code, details: error.message });
    },
    onOver: (callback) => {
      let isOver = false;
      const once = (): void => {
        if (!isOver) callback();
        isOver = true;
      };
      for (const event of ['cancelled', 'finish', 'close', 'error']) stream.on(event, once);
    },
  };
}

function serverCredentials(ssl: SslConfig | null): grpc.ServerCredentials {
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

type AnyCall = grpc.ServerUnaryCall<Buffer, Buffer> | grpc.ServerWritableStream<Buffer, Buffer>;

/** The first of that name; empty without one. */
function textOf(call: AnyCall, name: string): string {
  const value = call.metadata.get(name)[0];
  return typeof value === 'string' ? value : '';
}

function credentialsOfCall(call: AnyCall): Credentials {
  const header = (name: string): string => textOf(call, name);
  const certificate = call.getAuthContext().sslPeerCertificate;
  return credentialsOf(header, identityOf(certificate?.subjectaltname).toString('latin1'));
}

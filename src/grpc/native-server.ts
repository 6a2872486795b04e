/**
 * NativeGrpcServer: the gRPC listener of the addon, which speaks HTTP/2 on this event loop and answers
 * by itself what its routes cover. All else comes here as events, and goes to the same methods as over
 * grpc-js. Carries requests, decides nothing.
 */
import { gunzipSync, inflateSync } from 'node:zlib';

import { whenKnown, type Authenticator } from '../access/authenticator.js';
import { NOBODY, type Caller } from '../access/caller.js';
import type { Credentials } from '../access/credentials.js';
import type { SslConfig } from '../config/ssl-config.js';
import { requestIdOf } from '../log/request-id.js';
import type { Address } from '../listening/addresses.js';
import { NativeBudget, type Held } from '../listening/buffer-budget.js';
import { takeEach } from '../listening/events.js';
import type { LentSockets } from '../listening/lent-sockets.js';
import { NativeListener } from '../listening/native-listener.js';
import { addon } from '../native/addon.js';
import { violationsOf } from '../native/calls.js';
import {
  GRPC_EVENT_LENGTH,
  GrpcEventKind,
  GrpcStreaming,
  type NativeGrpcEvent,
  type NativeGrpcOptions,
} from '../native/grpc.js';
import type { NativeRoutes, NativeTransport } from '../native/transport.js';
import { Method, type NativeFailure } from '../native/values.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import type { AccessLog } from '../log/access-log.js';
import { keepTraces } from '../tracing/native-traces.js';
import type { Tracer } from '../tracing/tracer.js';
import { callEnded, type CallFacts } from './call-access.js';
import { CallFailures, clientGone } from './call-failures.js';
import { callTrace, endCallTrace, recordedCall } from './call-trace.js';
import type { StreamingMethod, UnaryMethod } from './method.js';
import { GrpcMethods } from './methods.js';
import { inflateMessage, type InflateLimits } from './inflate.js';
import type { GrpcServerOptions } from './server.js';
import type { MessageStream, StreamHandler } from './stream.js';

export interface NativeGrpcServerOptions extends GrpcServerOptions {
  readonly asTensorContent: boolean;
  /** The header that the services may ask for; null for none. */
  readonly stickyHeader: string | null;
  /** That limit and TCP ports are shared with the servers of other threads. */
  readonly shares: boolean;
}

const NEVER = 0;
const DEFAULT_STREAMS = 1024;
const KEEPALIVE_TIMEOUT_MILLIS = 20_000;
const EMPTY = Buffer.alloc(0);
/** Messages of streams are inflated at once, so that they stay in their order. */
const MAX_STREAM_MESSAGE_BYTES = 64 << 10;

interface OpenStream {
  readonly handler: StreamHandler;
  over: () => void;
}

export class NativeGrpcServer {
  readonly #listener: NativeListener;
  readonly #transport: NativeTransport;
  readonly #methods: GrpcMethods;
  readonly #failures: CallFailures;
  readonly #inflateLimits: InflateLimits;
  readonly #authenticator: Authenticator;
  readonly #accessLog: AccessLog | null;
  readonly #tracer: Tracer | null;
  readonly #streams = new Map<number, OpenStream>();

  /** Why it cannot serve; null when it can. */
  static missing(): string | null {
    return addon().grpcMissing();
  }

  constructor(options: NativeGrpcServerOptions) {
    this.#methods = new GrpcMethods(options);
    this.#failures = new CallFailures(options.requestLog);
    this.#authenticator = options.authenticator;
    this.#accessLog = options.accessLog;
    this.#tracer = options.tracer;
    const nativeOptions = nativeOptionsOf(options, this.#methods);
    const { ssl, shares } = options;
    this.#listener = new NativeListener(
      (deliver) => addon().grpcOpen(nativeOptions, (events) => this.#takeAll(events), deliver),
      {
        ssl,
        shares,
        protocols: ['h2'],
        accessLog: this.#accessLog,
      },
    );
    this.#transport = this.#listener.transport;
    if (this.#tracer !== null) {
      const { unary } = this.#methods;
      keepTraces(this.#tracer, this.#transport, (trace) => recordedCall(unary, trace));
    }
    const { maxReceiveBytes, maxBufferedBytes } = nativeOptions;
    this.#inflateLimits = {
      most: maxReceiveBytes < 0 ? Infinity : maxReceiveBytes,
      budget: new NativeBudget(this.#transport, maxBufferedBytes),
    };
  }

  /** @throws ServingError UNAVAILABLE */
  listen(address: Address): Promise<void> {
    return this.#listener.listen(address);
  }

  /** For connections that come from elsewhere. */
  get lent(): LentSockets {
    return this.#listener.lent;
  }

  /** Calls that have begun. */
  get calls(): number {
    return this.#listener.requests;
  }

  /** Other certificates, for new connections. @throws ServingError */
  renew(ssl: SslConfig): void {
    this.#listener.renew(ssl);
  }

  /** What the transport may answer by itself; replaces what it had. */
  route(routes: NativeRoutes): void {
    this.#listener.route(routes);
  }

  /** Accepts no more calls; resolves when the ones in flight have their answers. */
  async close(): Promise<void> {
    const closed = this.#listener.close();
    this.#methods.close(); // its streams, which have begun
    await closed;
  }

  /** Ends every call. */
  destroy(): void {
    this.#listener.destroy();
  }

  #takeAll(events: readonly unknown[]): void {
    takeEach<NativeGrpcEvent>(events, GRPC_EVENT_LENGTH, (event) => this.#take(event));
  }

  #take(event: NativeGrpcEvent): void {
    const [kind, id, message] = event;
    switch (kind) {
      case GrpcEventKind.call:
        this.#called(event);
        break;
      case GrpcEventKind.message:
        this.#message(id, message ?? EMPTY, event[7]);
        break;
      case GrpcEventKind.halfClose:
        this.#streams.get(id)?.handler.halfClose();
        break;
      case GrpcEventKind.gone:
        this.#streams.get(id)?.over();
        this.#streams.delete(id);
        break;
    }
  }

  #called(event: NativeGrpcEvent): void {
    const [, id, message, index, , , , encoding, , token, identity] = event;
    const unary = this.#methods.unary[index];
    if (unary === undefined) {
      const method = this.#methods.streaming[index - this.#methods.unary.length];
      this.#opened(id, method, message, encoding, { token, identity });
    } else if (encoding === null) {
      this.#unary(unary, event, message ?? EMPTY, null);
    } else {
      inflateMessage(encoding, message ?? EMPTY, this.#inflateLimits, (failure, plain, held) => {
        if (failure === null) this.#unary(unary, event, plain, held);
        else this.#end(id, failure.code, failure.message);
      });
    }
  }

  /** `held`: of the request; released with its answer. */
  #unary(method: UnaryMethod, event: NativeGrpcEvent, request: Buffer, held: Held | null): void {
    const [, id, , , timeoutMillis, sentId, kept, , failure, credential, identity] = event;
    const [traceparent, age, cacheControl] = [event[11], event[12], event[13]];
    const requestId = requestIdOf(sentId);
    const trace = callTrace(this.#tracer, method, traceparent ?? '', traceparent !== null);
    const facts: CallFacts | null =
      this.#accessLog === null || id === 0 // which it has heard of
        ? null
        : {
            ...{ method, request, requestId, peer: this.#listener.peerOf(id) },
            startMillis: performance.now() - age,
            caller: null,
          };
    const isGone = (): boolean => this.#isGone(id);
    const done = (error: ServingError | null, reply: Uint8Array | null): void => {
      held?.release();
      const outcome = error ?? (isGone() ? clientGone() : null);
      if (facts !== null && this.#accessLog !== null)
        callEnded(this.#accessLog, facts, outcome, reply);
      endCallTrace(trace, outcome);
      if (error === null) {
        addon().grpcSend(this.#transport, id, reply ?? EMPTY, true);
        return;
      }
      const status = this.#failures.statusOf(method, request, requestId, error);
      this.#end(id, status.code, status.message, status.details);
    };
    const caller = (): Caller | Promise<Caller> =>
      this.#authenticator.caller(() => ({ token: credential, identity }));
    if (failure !== null) {
      const error = errorOf(failure);
      if (method.direct !== null) this.#methods.failedElsewhere(method.direct, request, error);
      if (facts === null) {
        done(error, null);
        return;
      }
      const note = (known: Caller): void => {
        facts.caller = known;
        done(error, null);
      };
      whenKnown(caller(), note, () => done(error, null));
      return;
    }
    const headers = { get: () => (kept === null ? [] : [kept]) };
    whenKnown(
      caller(),
      (known) => {
        if (facts !== null) facts.caller = known;
        if (!known.isKnown && !method.isOpen) throw known.turnAway();
        const context = { headers, isGone, caller: known, trace, cacheControl };
        method.call(request, timeoutMillis, done, context);
      },
      (error) => done(error, null),
    );
  }

  #isGone(id: number): boolean {
    return !addon().grpcIsOpen(this.#transport, id);
  }

  #opened(
    id: number,
    method: StreamingMethod | undefined,
    request: Buffer | null,
    encoding: string | null,
    credentials: Credentials,
  ): void {
    if (method === undefined) return;
    let over: () => void = () => undefined;
    const stream: MessageStream = {
      write: (message) => {
        addon().grpcSend(this.#transport, id, message, false);
      },
      end: (error) => {
        this.#end(id, error?.code ?? StatusCode.OK, error?.message ?? '');
      },
      onOver: (callback) => {
        over = callback;
      },
    };
    const open = (caller: Caller): void => {
      if (this.#isGone(id)) return;
      this.#streams.set(id, { handler: method.open(stream, caller), over: () => over() });
    };
    if (method.requestStream) {
      open(NOBODY); // it is open to all
      return;
    }
    whenKnown(
      this.#authenticator.caller(() => credentials),
      (caller) => {
        open(caller);
        this.#message(id, request ?? EMPTY, encoding);
        this.#streams.get(id)?.handler.halfClose();
      },
      (error) => this.#end(id, error.code, error.message),
    );
  }

  #message(id: number, message: Buffer, encoding: string | null): void {
    const stream = this.#streams.get(id);
    try {
      stream?.handler.message(encoding === null ? message : inflatedAtOnce(encoding, message));
    } catch {
      this.#end(id, StatusCode.INTERNAL, 'Error deserializing request');
    }
  }

  #end(id: number, code: number, message: string, details: Buffer | null = null): void {
    const encoded = details === null ? '' : details.toString('base64').replace(/=+$/, '');
    addon().grpcEnd(this.#transport, id, code, message, encoded);
  }
}

/** @throws Error for what cannot be inflated, or becomes too large */
function inflatedAtOnce(encoding: string, message: Buffer): Buffer {
  const decompress = { gzip: gunzipSync, deflate: inflateSync }[encoding];
  if (decompress === undefined) throw new Error(`unsupported encoding "${encoding}"`);
  return decompress(message, { maxOutputLength: MAX_STREAM_MESSAGE_BYTES });
}

function errorOf([code, message, violations]: NativeFailure): ServingError {
  return new ServingError(code, message, violationsOf(violations));
}

function nativeOptionsOf(
  options: NativeGrpcServerOptions,
  { unary, streaming }: GrpcMethods,
): NativeGrpcOptions {
  const channel = options.channelOptions as Readonly<Record<string, number | undefined>>;
  const of = (name: string, otherwise: number): number => channel[`grpc.${name}`] ?? otherwise;
  return {
    methods: [
      ...unary.flatMap(({ path, direct }) => [
        path,
        GrpcStreaming.none,
        direct === null ? -1 : Method[direct],
      ]),
      ...streaming.flatMap(({ path, requestStream }) => [
        path,
        requestStream ? GrpcStreaming.both : GrpcStreaming.replies,
        -1,
      ]),
    ],
    keptHeader: options.stickyHeader ?? '',
    asTensorContent: options.asTensorContent,
    maxReceiveBytes: of('max_receive_message_length', -1),
    maxSendBytes: of('max_send_message_length', -1),
    maxBufferedBytes: options.maxBufferedBytes,
    shares: options.shares,
    surface: options.authenticator.surface,
    maxConcurrentStreams: of('max_concurrent_streams', DEFAULT_STREAMS),
    keepaliveMillis: of('keepalive_time_ms', NEVER),
    keepaliveTimeoutMillis: Math.max(1, of('keepalive_timeout_ms', KEEPALIVE_TIMEOUT_MILLIS)),
    maxAgeMillis: of('max_connection_age_ms', NEVER),
    // Without one, calls on an old connection may take as long as they need.
    maxAgeGraceMillis: of('max_connection_age_grace_ms', NEVER),
    maxIdleMillis: of('max_connection_idle_ms', NEVER),
  };
}

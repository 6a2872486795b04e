/**
 * grpc.health.v1.Health: `""` and upstream's two services by their short names are as the server's readiness,
 * each configured model under its own name as that model; all other names are unknown. Watchers are told of
 * every change, the drain among them, which ends their calls.
 */
import { AccessMethod, type Caller } from '../access/caller.js';
import type { Readiness } from '../service/readiness.js';
import { loadProtos } from '../protos/protos.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import type { Unary } from './method.js';
import { OpenStreams, type MessageStream, type StreamHandler } from './stream.js';

/** Names of the whole server; a model of such a name cannot be asked for. */
const SERVER: ReadonlySet<string> = new Set(['', 'ModelService', 'PredictionService']);
/** Of one thread: each lives as long as its client wants. */
const MAX_WATCHES = 10_000;
/** Names that are kept; models have shorter ones. */
const MAX_WATCHED_NAME_CHARACTERS = 1024;

type HealthStatus = 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN';

interface Request {
  readonly service: string;
}

/** Those who watch one name. */
interface Watched {
  told: HealthStatus;
  readonly streams: Set<MessageStream>;
}

export const HEALTH_PROTO = 'grpc/health/v1/health.proto';
export const HEALTH_SERVICE = 'grpc.health.v1.Health';

export class HealthService {
  readonly #readiness: Readiness;
  readonly #open = new OpenStreams();
  readonly #watched = new Map<string, Watched>();
  readonly #read: (request: Uint8Array) => Request;
  readonly #answer: (status: HealthStatus) => Buffer;
  #watches = 0;

  constructor(readiness: Readiness) {
    this.#readiness = readiness;
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
    readiness.watch(() => this.#tell());
  }

  /** @throws ServingError INTERNAL for what is no HealthCheckRequest */
  readonly check: Unary = (bytes, _timeout, done, { caller }) => {
    const { service } = this.#read(bytes);
    const status = mayAsk(caller, service) ? this.#statusOf(service) : 'SERVICE_UNKNOWN';
    if (status !== 'SERVICE_UNKNOWN') done(null, this.#answer(status));
    else done(new ServingError(StatusCode.NOT_FOUND, 'service name unknown'), null);
  };

  watch(stream: MessageStream, caller: Caller): StreamHandler {
    return {
      message: (bytes) => {
        const { service } = this.#read(bytes);
        if (mayAsk(caller, service)) this.#watch(service, stream);
        else {
          stream.write(this.#answer('SERVICE_UNKNOWN'));
          stream.end();
        }
      },
      halfClose: () => undefined,
    };
  }

  /** Ends the calls of all watchers. REQUIRES: the drain has begun, so that they know. */
  close(): void {
    this.#open.endAll();
  }

  #watch(service: string, stream: MessageStream): void {
    const refuse = (message: string): void =>
      stream.end(new ServingError(StatusCode.RESOURCE_EXHAUSTED, message));
    if (service.length > MAX_WATCHED_NAME_CHARACTERS) {
      refuse(`a name to watch has at most ${MAX_WATCHED_NAME_CHARACTERS} characters`);
      return;
    }
    if (this.#watches >= MAX_WATCHES) {
      refuse(`${MAX_WATCHES} calls watch already`);
      return;
    }
    const status = this.#statusOf(service);
    const watched = this.#watched.get(service) ?? { told: status, streams: new Set() };
    this.#watched.set(service, watched);
    watched.streams.add(stream);
    ++this.#watches;
    this.#open.add(stream, () => {
      --this.#watches;
      watched.streams.delete(stream);
      if (watched.streams.size === 0) this.#watched.delete(service);
    });
    // The others are told of a change that this one comes before.
    if (status !== watched.told) this.#tell();
    else stream.write(this.#answer(status));
  }

  #tell(): void {
    for (const [service, watched] of this.#watched) {
      const status = this.#statusOf(service);
      if (status === watched.told) continue;
      watched.told = status;
      const answer = this.#answer(status);
      for (const stream of watched.streams) stream.write(answer);
    }
  }

  #statusOf(service: string): HealthStatus {
    const isServing = SERVER.has(service)
      ? this.#readiness.isReady
      : this.#readiness.isServing(service);
    if (isServing === null) return 'SERVICE_UNKNOWN';
    return isServing ? 'SERVING' : 'NOT_SERVING';
  }
}

/** Of the server everybody may know; who may not know of a model is told as if there were none. */
function mayAsk(caller: Caller, service: string): boolean {
  return SERVER.has(service) || caller.may(AccessMethod.read, service);
}

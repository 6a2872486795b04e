/**
 * ThreadedListeners: the listeners of all I/O threads as one, for the main thread: opened together, kept
 * up to date with what is served, counted together, taken down together. Main thread.
 */
import type { ModelServiceMessages } from '../grpc/model-service-codec.js';
import type { SslConfig } from '../config/ssl-config.js';
import type { VerifyToken } from '../access/authenticator.js';
import { grpcStartFailure } from '../grpc/start-failure.js';
import { addressText, type Address } from '../listening/addresses.js';
import type { Log } from '../log/log.js';
import type { Family } from '../metrics/families.js';
import { plainFamily, summed } from '../metrics/family-sum.js';
import type { MetricsPage } from '../metrics/metrics-page.js';
import type { SharedBatching } from '../servables/model-batching.js';
import type { AdminApi } from '../service/admin-api.js';
import type { ServerPhase } from '../service/readiness.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import { IoThreads } from './io-threads.js';
import type { ThreadOptions } from './messages.js';
import { ModelPublisher, type Served } from './model-publisher.js';
import { PortClaims } from './port-claims.js';
import { answerAdmin, RemoteCallers } from './remote-control.js';

/** What the threads' clients ask for and only the main thread can do. */
export interface Control {
  readonly modelService: ModelServiceMessages;
  readonly admin: AdminApi | null;
  readonly page: Pick<MetricsPage, 'text'> | null;
  readonly verifyToken: VerifyToken;
}

export class ThreadedListeners {
  readonly count: number;
  readonly sharedBatching: SharedBatching;
  readonly #busyThreads = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  readonly #bufferedBytes = new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT);
  readonly #log: Log;
  readonly #threads: IoThreads;
  readonly #publisher: ModelPublisher;
  readonly #claims = new PortClaims();
  readonly #callers = new RemoteCallers();
  #control: Control | null = null;
  #phase: ServerPhase = 'starting';
  #listens = false;
  #isEnding = false;

  /** Starts the threads, which need a moment until they can be opened. */
  constructor(count: number, script: URL, served: Served, log: Log) {
    this.count = count;
    this.#log = log;
    this.sharedBatching = {
      schedulers: count,
      busyThreads: new Int32Array(this.#busyThreads),
    };
    this.#threads = new IoThreads({
      count,
      script,
      onDeath: this.#fail,
      handlers: {
        reload: async ({ call, request }) => {
          const { modelService } = this.#opened;
          const reply = await this.#callers.onBehalfOf(call, (signal) =>
            modelService.handleReloadConfig(request, signal),
          );
          await this.#publisher.settled();
          return reply;
        },
        admin: async (call) => {
          const { admin } = this.#opened;
          const reply = await this.#callers.onBehalfOf(call.call, (signal) =>
            answerAdmin(admin, call, signal),
          );
          await this.#publisher.settled();
          return reply;
        },
        verify: (token) => this.#opened.verifyToken(token),
        left: (caller) => this.#callers.left(caller),
        page: () => this.#page(),
        run: (run) => this.#publisher.run(run),
      },
    });
    this.#publisher = new ModelPublisher(this.#threads, served, this.#fail);
  }

  /** To be told of all that changes, from the beginning on. */
  get follower(): ModelPublisher {
    return this.#publisher;
  }

  /** Resolves when the threads know what is served. @throws ServingError */
  async open(
    options: Pick<
      ThreadOptions,
      'flags' | 'surface' | 'ssl' | 'channelOptions' | 'metricsPath' | 'hasPage' | 'batchThreads'
    >,
    control: Control,
  ): Promise<void> {
    this.#control = control;
    const common = {
      ...options,
      threads: this.count,
      busyThreads: this.#busyThreads,
      bufferedBytes: this.#bufferedBytes,
    };
    const { channels } = this.#threads;
    await Promise.all(
      channels.map((channel, i) => channel.ask('open', { ...common, number: i + 1 })),
    );
    await this.#publisher.open();
    await this.enter(this.#phase);
  }

  /** Tells the threads' probes. Resolves when they know, which a thread that has ended need not. */
  async enter(phase: ServerPhase): Promise<void> {
    this.#phase = phase;
    if (this.#control === null) return; // told when they are opened
    await this.#threads.askAll('phase', phase).catch(() => undefined);
  }

  /** @throws ServingError UNAVAILABLE when an address cannot be had */
  async startGrpc(addresses: readonly Address[]): Promise<void> {
    try {
      await this.#claim(addresses);
    } catch (cause) {
      throw grpcStartFailure(ServingError.from(cause).message, cause);
    }
    await this.#threads.askAll('listen', { protocol: 'gRPC', native: true, addresses });
  }

  /** @throws ServingError UNAVAILABLE when an address cannot be had, INTERNAL when not by all threads */
  async startRest(native: boolean, addresses: readonly Address[]): Promise<void> {
    await this.#claim(addresses);
    const listen = { protocol: 'REST', native, addresses } as const;
    await this.#threads.askAll('listen', listen).catch((cause: unknown) => {
      const { code, message } = ServingError.from(cause);
      const mayGoOn = code === StatusCode.UNAVAILABLE; // the caller might, with some threads without REST
      throw new ServingError(mayGoOn ? StatusCode.INTERNAL : code, message, [], { cause });
    });
  }

  async #claim(addresses: readonly Address[]): Promise<void> {
    for (const address of addresses) {
      const refusal = await this.#claims.take(address);
      if (refusal === null) continue;
      const message = `cannot listen on ${addressText(address)}: ${refusal}`;
      throw new ServingError(StatusCode.UNAVAILABLE, message);
    }
    this.#listens = true;
  }

  /** Other certificates, for new connections. Resolves to those that cannot take them. */
  async renew(ssl: SslConfig): Promise<readonly string[]> {
    const { channels } = this.#threads;
    const answers = await Promise.all(channels.map((channel) => channel.ask('renew', ssl)));
    return answers.flat();
  }

  /** Those given, with what the threads have counted. */
  async summed(families: readonly Family[]): Promise<Family[]> {
    const counted = this.#threads.channels.map((channel) => channel.ask('metrics', null));
    return summed([...families.map(plainFamily), ...(await Promise.all(counted)).flat()]);
  }

  /** Accepts nothing more; resolves when all that came in has its answer. */
  async close(): Promise<void> {
    this.#claims.release();
    if (this.#listens) await this.#askWhatIsLeft('drain');
  }

  /** Ends every connection, answered or not. */
  destroy(): void {
    void this.#askWhatIsLeft('destroy');
  }

  /** Ends the threads. REQUIRES: closed, and nothing that they use is loaded. */
  end(): Promise<void> {
    this.#isEnding = true;
    return this.#threads.end();
  }

  /** Of a thread that has ended nothing is left to be closed. */
  async #askWhatIsLeft(kind: 'drain' | 'destroy'): Promise<void> {
    const { channels } = this.#threads;
    await Promise.allSettled(channels.map((channel) => channel.ask(kind, null)));
  }

  get #opened(): Control {
    if (this.#control === null) throw new Error('the I/O threads are not open');
    return this.#control;
  }

  #page(): Promise<Uint8Array> {
    const { page } = this.#opened;
    if (page === null) throw new ServingError(StatusCode.UNIMPLEMENTED, 'there is no page');
    return page.text();
  }

  /** A bug of ours: the server ends as it does after one in its main thread. */
  readonly #fail = (error: Error): void => {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#log.error({ err: error }, error.message);
    queueMicrotask(() => {
      throw error;
    });
  };
}

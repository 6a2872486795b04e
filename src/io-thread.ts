/**
 * An I/O thread, whole: what a worker thread runs that carries requests. It has listeners of its own on the
 * ports of all, a replica of what the main thread has loaded, and asks the main thread for what only that
 * can do. See docs/io-threads.md.
 */
import { parentPort, type MessagePort } from 'node:worker_threads';

import { authenticatorOf } from './access/authenticator.js';
import type { SslConfig } from './config/ssl-config.js';
import { Channel, type Message } from './io-threads/channel.js';
import type {
  CatalogUpdate,
  ControlCalls,
  ThreadCalls,
  ThreadListen,
  ThreadOptions,
} from './io-threads/messages.js';
import {
  remoteAdmin,
  remoteModelService,
  remoteRun,
  type ControlChannel,
} from './io-threads/remote-control.js';
import { ReplicaCatalog } from './io-threads/replica-catalog.js';
import { accessLogOf, Listeners } from './listeners.js';
import { createLog, type Log } from './log/log.js';
import { RequestLog } from './log/request-log.js';
import { batchingFamilies } from './metrics/batching-metrics.js';
import { EventLoopStalls } from './metrics/event-loop-stalls.js';
import { eventLoopFamilies } from './metrics/event-loop-metrics.js';
import { counterFamily } from './metrics/families.js';
import { plainFamily, type PlainFamily } from './metrics/family-sum.js';
import { Registry } from './metrics/registry.js';
import { RequestMetrics } from './metrics/request-metrics.js';
import { addon } from './native/addon.js';
import { freedMemory } from './native/freed-memory.js';
import type { NativeRoutes } from './native/transport.js';
import { PLATFORMS } from './platforms.js';
import { ModelBatching } from './servables/model-batching.js';
import { modelOf, type DeclaredRuns } from './servables/model-replica.js';
import { ModelStatusService } from './service/model-status.js';
import { nativeRoutes } from './service/native-routes.js';
import { Readiness, type ReadyWhen, type ServerPhase } from './service/readiness.js';
import { ShadowTraffic } from './service/shadow-traffic.js';
import { startTracer } from './tracing/start-tracer.js';
import type { Tracer } from './tracing/tracer.js';

class IoThread {
  readonly #options: ThreadOptions;
  readonly #catalog: ReplicaCatalog;
  readonly #batching: ModelBatching | null;
  readonly #shadows: ShadowTraffic;
  readonly #requestLog: RequestLog;
  readonly #registry = new Registry();
  readonly #readiness: Readiness;
  readonly #stalls: EventLoopStalls;
  readonly #listeners: Listeners;
  readonly #tracer: Tracer | null;
  readonly #freedMemory = freedMemory(/* releases */ false).start();
  #weights: ReadonlyMap<string, number> = new Map();
  #onRoutes: (routes: NativeRoutes) => void = () => undefined;

  constructor(options: ThreadOptions, control: ControlChannel, tracer: Tracer | null) {
    const { flags, surface, ssl, channelOptions, metricsPath } = options;
    addon().addPollCleanupHook();
    this.#options = options;
    this.#batching = this.#newBatching();
    const batching = this.#batching;
    const runs: DeclaredRuns = {
      ofRecipe: ({ platform, data }) => {
        const run = PLATFORMS.get(platform)?.replica;
        if (run === undefined) throw new Error(`there are no replicas of platform ${platform}`);
        return run(data, this.#catalog);
      },
      remotely: (id) => remoteRun(id, control),
    };
    this.#catalog = new ReplicaCatalog((name, replica) => modelOf(name, replica, batching, runs));
    this.#readiness = new Readiness({
      when: flags.ready_when as ReadyWhen,
      catalog: this.#catalog,
      configured: () => this.#catalog.configured,
    });
    const log = logOf(options);
    this.#tracer = tracer;
    this.#stalls = new EventLoopStalls({
      thread: String(options.number),
      limitMillis: flags.event_loop_stall_millis,
      log,
    }).start();
    this.#requestLog = new RequestLog(log);
    this.#shadows = new ShadowTraffic({ catalog: this.#catalog, log });
    const modelStatus = new ModelStatusService(this.#catalog);
    const requestMetrics = metricsPath === null ? null : this.#newMetrics();
    this.#listeners = new Listeners({
      flags,
      surface,
      ssl,
      channelOptions,
      catalog: this.#catalog,
      shadows: this.#shadows,
      modelStatus,
      modelService: remoteModelService(modelStatus, control),
      readiness: this.#readiness,
      admin: surface.admin ? remoteAdmin(control) : null,
      authenticator: authenticatorOf(flags, (token) => control.ask('verify', token)),
      requestLog: this.#requestLog,
      accessLog: accessLogOf(flags, log),
      tracer,
      requestMetrics,
      restMetrics:
        metricsPath === null || requestMetrics === null || !options.hasPage
          ? null
          : {
              path: metricsPath,
              page: { text: () => control.ask('page', null) },
              requests: requestMetrics,
            },
      watchRoutes: (onRoutes) => {
        this.#onRoutes = onRoutes;
        this.#route();
      },
      sharing: { bufferedBytes: new BigInt64Array(options.bufferedBytes) },
    });
  }

  listen({ protocol, native, addresses }: ThreadListen): Promise<void> {
    return protocol === 'REST'
      ? this.#listeners.startRest(native, addresses)
      : this.#listeners.startGrpc(native, addresses);
  }

  renew(ssl: SslConfig): readonly string[] {
    return this.#listeners.renew(ssl);
  }

  update(update: CatalogUpdate): void {
    const { configuration } = update;
    if (configuration !== null) {
      const { models } = configuration;
      this.#weights = new Map(models.map(({ name, batchingWeight }) => [name, batchingWeight]));
      this.#shadows.configure(models);
    }
    this.#catalog.update(update);
    this.#route();
    this.#readiness.changed();
  }

  enter(phase: ServerPhase): void {
    this.#readiness.enter(phase);
    if (phase === 'draining') this.#listeners.leave();
  }

  retire(id: number): Promise<void> {
    return this.#catalog.retire(id);
  }

  metrics(): PlainFamily[] {
    return this.#registry.families().map(plainFamily);
  }

  async drain(): Promise<void> {
    this.#freedMemory.stop();
    this.#stalls.stop();
    this.#batching?.scheduler.flush();
    await this.#listeners.close();
    this.#requestLog.flush();
    this.#shadows.flush();
    await this.#tracer?.close();
  }

  destroy(): void {
    this.#listeners.destroy();
  }

  #newBatching(): ModelBatching | null {
    const { flags, threads, batchThreads, busyThreads } = this.#options;
    if (batchThreads === null) return null;
    const shared = { schedulers: threads, busyThreads: new Int32Array(busyThreads) };
    return ModelBatching.replica(
      flags,
      batchThreads,
      (name) => this.#weights.get(name) ?? 1,
      shared,
    );
  }

  #newMetrics(): RequestMetrics {
    const registry = this.#registry;
    const number = String(this.#options.number);
    registry.addReader(() =>
      batchingFamilies(this.#batching?.statistics ?? [], (name) => this.#weights.has(name)),
    );
    registry.addReader(() => eventLoopFamilies(number));
    registry.addReader(() => [this.#shadows.requests, this.#stalls.family]);
    registry.addReader(() => {
      const labels = ['io_thread', 'transport'];
      const samples = Object.entries(this.#listeners.requests).map(([transport, value]) => ({
        labelValues: [number, transport],
        value,
      }));
      return [counterFamily('/tensorgate/io_thread_request_count', labels, samples)];
    });
    const isModel = (name: string): boolean => this.#catalog.statuses(name).length > 0;
    return new RequestMetrics(registry, isModel);
  }

  #route(): void {
    this.#onRoutes(
      nativeRoutes(
        this.#catalog.available(),
        (name) => this.#catalog.labelsOf(name),
        (name) => this.#shadows.isOf(name),
      ),
    );
  }
}

function logOf({ flags }: ThreadOptions): Log {
  return createLog(flags.log_level, flags.log_format);
}

function serve(port: MessagePort): void {
  let thread: IoThread | null = null;
  const opened = (): IoThread => {
    if (thread === null) throw new Error('the I/O thread is not open');
    return thread;
  };
  const control: ControlChannel = new Channel<ControlCalls, ThreadCalls>(
    (message: Message) => port.postMessage(message),
    {
      open: async (options) => {
        const tracer = await startTracer(options.flags, logOf(options));
        thread = new IoThread(options, control, tracer);
      },
      listen: (what) => opened().listen(what),
      renew: (ssl) => opened().renew(ssl),
      update: (update) => opened().update(update),
      phase: (phase) => thread?.enter(phase),
      retire: (id) => opened().retire(id),
      metrics: () => opened().metrics(),
      drain: () => thread?.drain(),
      destroy: () => thread?.destroy(),
      // Of a worker that is terminated from outside, a call into the addon may be cut short.
      end: () => process.exit(0),
    },
  );
  port.on('message', (message: Message) => control.take(message));
}

if (parentPort !== null) serve(parentPort);

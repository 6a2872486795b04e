/**
 * Server: wires what is served to listeners, in upstream's order of starting: models first, then gRPC,
 * then REST; with --listen_before_loaded the models come last. Owns them all; `stop` takes them down in
 * reverse. With --io_threads above 1 the listeners that can be shared are those of the I/O threads; this
 * thread then keeps the rest, and controls. With --admin_port the admin surface is beside them.
 */
import { setTimeout as delay } from 'node:timers/promises';

import { AccessControl, refusedRequests } from './access/access-control.js';
import { authenticatorOf, type VerifyToken } from './access/authenticator.js';
import { channelArguments } from './config/channel-arguments.js';
import { certificateExpiries, readSslConfig, type SslConfig } from './config/ssl-config.js';
import { startRefusals } from './config/start-refusals.js';
import { printTextFormatMistakes } from './config/text-proto.js';
import { ModelServiceCodec } from './grpc/model-service-codec.js';
import { NativeGrpcServer } from './grpc/native-server.js';
import { ThreadedListeners } from './io-threads/threaded-listeners.js';
import { AdminSurface } from './admin-surface.js';
import { accessLogOf, Listeners, type ListenersOptions } from './listeners.js';
import { CertificateWatch } from './listening/certificate-watch.js';
import { addressesOf, addressTexts, type Address } from './listening/addresses.js';
import { RequestLog } from './log/request-log.js';
import { accessFamilies } from './metrics/access-metrics.js';
import { certificateFamily, type CertificateExpiry } from './metrics/certificate-metrics.js';
import { EventLoopStalls } from './metrics/event-loop-stalls.js';
import { AccessSurface } from './native/access.js';
import { freedMemory, type FreedMemory } from './native/freed-memory.js';
import { NativeRestServer } from './rest/native/server.js';
import { AdminApi } from './service/admin-api.js';
import { ModelStatusService } from './service/model-status.js';
import { Readiness, type ReadyWhen, type ServerPhase } from './service/readiness.js';
import { stickyHeaderOf } from './service/sticky-key.js';
import { publicSurface } from './service/surface.js';
import { ServerCore, type ServerOptions } from './server-core.js';
import { serverMetrics, type ServerMetrics, type SumOfThreads } from './server-metrics.js';
import { ServingError, StatusCode } from './status/serving-error.js';
import { startTracer } from './tracing/start-tracer.js';
import type { Tracer } from './tracing/tracer.js';

const IO_THREAD = new URL('./io-thread.js', import.meta.url);

export class Server {
  readonly #options: ServerOptions;
  readonly #core: ServerCore;
  readonly #requestLog: RequestLog;
  readonly #readiness: Readiness;
  readonly #stalls: EventLoopStalls;
  readonly #access: AccessControl;
  #listeners: Listeners | null = null;
  #admin: AdminSurface | null = null;
  #threads: ThreadedListeners | null = null;
  #freedMemory: FreedMemory | null = null;
  #certificates: CertificateWatch | null = null;
  #tracer: Tracer | null = null;
  /** Of --ssl_config_file as it was read last. */
  #certificateExpiries: readonly CertificateExpiry[] = [];
  #hasStarted = false;

  /** @throws ServingError for flags that exclude each other, or when the addon cannot be loaded */
  constructor(options: ServerOptions) {
    this.#options = options;
    const [refusal] = startRefusals(options.flags, options.models !== null);
    if (refusal !== undefined) throw new ServingError(StatusCode.INVALID_ARGUMENT, refusal);
    stickyHeaderOf(options.flags.sticky_header);
    this.#core = new ServerCore(options);
    this.#requestLog = new RequestLog(options.log);
    const core = this.#core;
    this.#readiness = new Readiness({
      when: options.flags.ready_when as ReadyWhen,
      catalog: core.catalog,
      configured: () => core.configuration().models.map(({ name }) => name),
    });
    core.watch(() => this.#readiness.changed());
    const { event_loop_stall_millis: limitMillis } = options.flags;
    this.#stalls = new EventLoopStalls({ thread: 'main', limitMillis, log: options.log });
    this.#access = new AccessControl({
      surface: AccessSurface.public,
      flag: 'auth_config_file',
      authConfigFile: options.flags.auth_config_file,
      maxConcurrentRequests: options.flags.max_concurrent_requests,
      log: options.log,
    });
  }

  /** Resolves when every listener is open and the first models serve. @throws ServingError */
  async start(): Promise<void> {
    const { flags, log } = this.#options;
    const ssl = flags.ssl_config_file === '' ? null : await readSslConfig(flags.ssl_config_file);
    if (ssl !== null) this.#certificateExpiries = certificateExpiries(ssl);
    const channel = channelArguments(flags.grpc_channel_arguments, flags.grpc_max_message_bytes);
    if (channel.ignored.length > 0) {
      log.warn(`--grpc_channel_arguments without effect: ${channel.ignored.join(', ')}`);
    }
    // Upstream's rule: where the file cannot be read, REST stays closed and gRPC goes on.
    let isReadable = true;
    const metrics = await this.#metrics().catch((error: unknown) => {
      const refusal = ServingError.from(error);
      const { message, violations } = refusal;
      printTextFormatMistakes(refusal);
      log.error({ violations }, `REST is off: --monitoring_config_file: ${message}`);
      isReadable = false;
      return null;
    });
    const lifecycle = metrics?.lifecycle ?? null;
    const isNative = this.#carriesGrpcNatively();
    const restPort = isReadable && flags.rest_api_port !== flags.port ? flags.rest_api_port : 0;
    const threads = this.#newThreads(isNative, restPort);
    await this.#access.start(); // before a load that would be in vain
    await this.#core.prepare(lifecycle, threads?.sharedBatching ?? null);
    this.#stalls.start();
    if (!flags.listen_before_loaded) await this.#load();
    this.#freedMemory = freedMemory(/* releases */ true).start();
    const { catalog } = this.#core;
    const modelStatus = new ModelStatusService(catalog);
    const modelService = new ModelServiceCodec(modelStatus, this.#core.admin, lifecycle);
    const adminApi = new AdminApi(this.#core.admin);
    const verifyToken: VerifyToken = (token) => this.#access.verify(token);
    const surface = publicSurface(flags);
    const admin = surface.admin ? adminApi : null;
    const common = { flags, surface, ssl, channelOptions: channel.options };
    this.#tracer = await startTracer(flags, log);
    const options: ListenersOptions = {
      ...common,
      catalog,
      shadows: this.#core.shadows,
      modelStatus,
      modelService,
      readiness: this.#readiness,
      admin,
      authenticator: authenticatorOf(flags, verifyToken),
      requestLog: this.#requestLog,
      accessLog: accessLogOf(flags, log),
      tracer: this.#tracer,
      requestMetrics: metrics?.requests ?? null,
      restMetrics: flags.allow_metrics_on_public_port ? metrics : null,
      watchRoutes: (onRoutes) => this.#core.watchRoutes(onRoutes),
      sharing: null,
    };
    this.#listeners = new Listeners(options);
    const { batchThreads } = this.#core;
    await threads?.open(
      {
        ...common,
        metricsPath: metrics?.path ?? null,
        hasPage: flags.allow_metrics_on_public_port,
        batchThreads,
      },
      { modelService, admin, page: metrics?.page ?? null, verifyToken },
    );
    const scheme = ssl === null ? '' : ' over TLS';
    const grpcHow = `${scheme}, ${isNative ? 'native' : 'grpc-js'}`;
    await this.#startGrpc(this.#listeners, isNative, grpcHow);
    if (flags.admin_port !== 0) {
      this.#admin = await AdminSurface.start(
        { ...options, admin: adminApi, restMetrics: metrics },
        log,
      );
    }
    if (ssl !== null) {
      const renew = (renewed: SslConfig): Promise<readonly string[]> => this.#renew(renewed);
      this.#certificates = new CertificateWatch(flags.ssl_config_file, renew, log);
    }
    const hasRest = restPort !== 0 || (isReadable && flags.rest_api_socket_path !== '');
    if (hasRest) await this.#startRest(this.#listeners, restPort, scheme);
    else if (isReadable && flags.rest_api_port !== 0) {
      log.error('rest_api_port and port must differ: REST is off');
    }
    if (flags.listen_before_loaded) await this.#load();
    this.#hasStarted = true;
  }

  async #load(): Promise<void> {
    await this.#core.load();
    await this.#enter('started');
  }

  /** Resolves when probes are told. */
  async #enter(phase: ServerPhase): Promise<void> {
    this.#readiness.enter(phase);
    if (phase === 'draining') this.#listeners?.leave();
    await this.#threads?.enter(phase);
  }

  async #renew(ssl: SslConfig): Promise<readonly string[]> {
    this.#certificateExpiries = certificateExpiries(ssl);
    const own = this.#listeners?.renew(ssl) ?? [];
    this.#admin?.listeners.renew(ssl);
    const ofThreads = (await this.#threads?.renew(ssl)) ?? [];
    return [...new Set([...own, ...ofThreads])];
  }

  /**
   * Stops accepting, finishes what is in flight for at most `graceMillis`, unloads. Probes are told before
   * anything else; a server that has started goes on serving for `waitMillis` after that, and REST clients are told
   * with each answer to go on over another connection: closed while it is idle, one could lose a request. Safe to call at
   * any time after the constructor.
   */
  async stop(graceMillis: number, waitMillis = 0): Promise<void> {
    void this.#enter('draining'); // threads hear of it before they are drained
    if (this.#hasStarted && waitMillis > 0) await delay(waitMillis);
    this.#stalls.stop();
    this.#core.stopChanging();
    this.#freedMemory?.stop();
    this.#certificates?.stop();
    this.#access.stop();
    const listeners = [this.#listeners, this.#threads, this.#admin].filter((each) => each !== null);
    const grace = setTimeout(() => {
      this.#options.log.warn(`requests were still in flight after ${graceMillis} ms: ended`);
      for (const each of listeners) each.destroy();
    }, graceMillis);
    await Promise.all(listeners.map((each) => each.close()));
    clearTimeout(grace);
    this.#requestLog.flush();
    await this.#tracer?.close();
    await this.#core.close();
    await this.#threads?.end();
  }

  #metrics(): Promise<ServerMetrics | null> {
    const sumOfThreads: SumOfThreads = (families) => this.#threads?.summed(families) ?? null;
    const { flags } = this.#options;
    const readers = [
      () => [this.#stalls.family, certificateFamily(this.#certificateExpiries)],
      () => accessFamilies(refusedRequests(flags)),
    ];
    return serverMetrics(flags, this.#core, readers, sumOfThreads);
  }

  /** Where the addon cannot, grpc-js serves. */
  #carriesGrpcNatively(): boolean {
    const { flags, log } = this.#options;
    if (flags.grpc_transport === 'grpc-js') return false;
    const missing = NativeGrpcServer.missing();
    if (missing === null) return true;
    log.warn(`--grpc_transport=native: Node has no ${missing}: grpc-js serves`);
    return false;
  }

  /** Where the addon cannot, uWebSockets serves. */
  #carriesRestNatively(): boolean {
    const { flags, log } = this.#options;
    if (flags.rest_transport === 'uwebsockets') return false;
    const missing = NativeRestServer.missing();
    if (missing === null) return true;
    log.warn(`--rest_transport=native: Node has no ${missing}: uWebSockets serves`);
    return false;
  }

  /** Null where this thread carries all requests. */
  #newThreads(isNative: boolean, restPort: number): ThreadedListeners | null {
    const { flags, log } = this.#options;
    if (flags.io_threads === 1) return null;
    const isShared = restPort !== 0 || (isNative && flags.port !== 0);
    if (!isShared) {
      log.warn('--io_threads: no listener can be shared: one thread serves');
      return null;
    }
    const core = this.#core;
    const served = {
      names: () => core.catalog.names(),
      statuses: (name: string) => core.catalog.statuses(name),
      troubleOf: (name: string) => core.catalog.troubleOf(name),
      availableOf: (name: string) => core.availableOf(name),
      configuration: () => core.configuration(),
    };
    this.#threads = new ThreadedListeners(flags.io_threads, IO_THREAD, served, log);
    core.follow(this.#threads.follower);
    return this.#threads;
  }

  /** Of all that gRPC listens on, only TCP with the native transport can be shared. */
  async #startGrpc(listeners: Listeners, isNative: boolean, how: string): Promise<void> {
    const { flags } = this.#options;
    const { port, grpc_host: host, grpc_socket_path: path } = flags;
    const tcp = port === 0 ? [] : await addressesOf('grpc_host', host, port);
    const unix = path === '' ? [] : [{ path }];
    const threads = isNative && port !== 0 ? this.#threads : null;
    await threads?.startGrpc(tcp);
    this.#tell('gRPC', threads === null ? [] : tcp, how, threads);
    const own = threads === null ? [...tcp, ...unix] : unix;
    if (own.length > 0) await listeners.startGrpc(isNative, own);
    this.#tell('gRPC', own, how, null);
  }

  async #startRest(listeners: Listeners, port: number, scheme: string): Promise<void> {
    const { flags, log } = this.#options;
    const { rest_api_host: host, rest_api_socket_path: path } = flags;
    const isNative = this.#carriesRestNatively();
    const how = `${scheme}, ${isNative ? 'native' : 'uWebSockets'}`;
    try {
      const tcp = port === 0 ? [] : await addressesOf('rest_api_host', host, port);
      const unix = path === '' ? [] : [{ path }];
      const threads = port === 0 ? null : this.#threads;
      await threads?.startRest(isNative, tcp);
      this.#tell('REST', threads === null ? [] : tcp, how, threads);
      const own = threads === null ? [...tcp, ...unix] : unix;
      if (own.length > 0) await listeners.startRest(isNative, own);
      this.#tell('REST', own, how, null);
    } catch (thrown) {
      const error = ServingError.from(thrown);
      if (error.code !== StatusCode.UNAVAILABLE) throw error;
      log.error(`REST is off: ${error.message}`); // as upstream: gRPC goes on
    }
  }

  /** Who listens where. */
  #tell(
    protocol: string,
    addresses: readonly Address[],
    how: string,
    threads: ThreadedListeners | null,
  ): void {
    if (addresses.length === 0) return;
    const many = threads === null ? '' : ` in ${threads.count} threads`;
    this.#options.log.info(`${protocol} at ${addressTexts(addresses)}${how}${many}`);
  }
}

/**
 * Server: wires what is served to services and listeners, in upstream's order of starting: models
 * first, then gRPC, then REST. Owns them all; `stop` takes them down in reverse.
 */
import { channelArguments } from './config/channel-arguments.js';
import { prometheusPath } from './config/monitoring-config.js';
import { readSslConfig } from './config/ssl-config.js';
import { MetadataCodec } from './grpc/metadata-codec.js';
import { ModelServiceCodec } from './grpc/model-service-codec.js';
import { loadProtos } from './protos/protos.js';
import { NativeGrpcServer, type NativeGrpcServerOptions } from './grpc/native-server.js';
import { GrpcServer } from './grpc/server.js';
import { RequestLog } from './log/request-log.js';
import { batchingFamilies } from './metrics/batching-metrics.js';
import { LifecycleMetrics } from './metrics/lifecycle-metrics.js';
import { MetricsPage } from './metrics/metrics-page.js';
import { countNativeRequests } from './metrics/native-requests.js';
import { planFamilies } from './metrics/plan-metrics.js';
import { ProcessMetrics } from './metrics/process-metrics.js';
import { Registry } from './metrics/registry.js';
import { RequestMetrics } from './metrics/request-metrics.js';
import { runFamilies } from './metrics/run-metrics.js';
import { addon } from './native/addon.js';
import { MetadataJson } from './rest/metadata-json.js';
import { RestServer, type RestMetrics } from './rest/server.js';
import { AdminApi } from './service/admin-api.js';
import { ModelMetadataService } from './service/model-metadata.js';
import { ModelStatusService } from './service/model-status.js';
import { InferenceService } from './service/inference.js';
import { stickyHeaderOf } from './service/sticky-key.js';
import { ServerCore, type ServerOptions } from './server-core.js';
import { ServingError, StatusCode } from './status/serving-error.js';

const METADATA_PROTO = 'tensorflow_serving/apis/get_model_metadata.proto';

export class Server {
  readonly #options: ServerOptions;
  readonly #core: ServerCore;
  readonly #requestLog: RequestLog;
  readonly #stickyHeader: string | null;
  #grpc: GrpcServer | NativeGrpcServer | null = null;
  #rest: RestServer | null = null;

  /** @throws ServingError for flags that exclude each other, or when the addon cannot be loaded */
  constructor(options: ServerOptions) {
    this.#options = options;
    checkOptions(options);
    this.#stickyHeader = stickyHeaderOf(options.flags.sticky_header);
    this.#core = new ServerCore(options);
    this.#requestLog = new RequestLog(options.log);
  }

  /** Resolves when every listener is open. @throws ServingError */
  async start(): Promise<void> {
    const { flags, log } = this.#options;
    const ssl = flags.ssl_config_file === '' ? null : await readSslConfig(flags.ssl_config_file);
    const channel = channelArguments(flags.grpc_channel_arguments);
    if (channel.ignored.length > 0) {
      log.warn(`--grpc_channel_arguments without effect: ${channel.ignored.join(', ')}`);
    }
    // Upstream's rule: where the file cannot be read, REST stays closed and gRPC goes on.
    const metrics = await this.#metrics().catch((error: unknown) => {
      const { message, violations } = ServingError.from(error);
      log.error({ violations }, `REST is off: --monitoring_config_file: ${message}`);
      return 'unreadable' as const;
    });
    const lifecycle = metrics === 'unreadable' ? null : (metrics?.lifecycle ?? null);
    await this.#core.start(lifecycle);
    const { catalog } = this.#core;
    const inference = new InferenceService({
      catalog,
      asTensorContent: flags.enable_serialization_as_tensor_content,
      metrics: metrics === 'unreadable' ? null : (metrics?.requests ?? null),
      stickyHeader: this.#stickyHeader,
      shadows: this.#core.shadows,
    });
    const modelStatus = new ModelStatusService(catalog);
    const modelMetadata = new ModelMetadataService(catalog);
    const admin = flags.enable_admin_api ? new AdminApi(this.#core.admin) : null;
    await this.#startGrpc({
      inference,
      modelService: new ModelServiceCodec(modelStatus, this.#core.admin, lifecycle),
      metadata: new MetadataCodec(modelMetadata),
      health: flags.enable_grpc_healthcheck_service,
      channelOptions: channel.options,
      asTensorContent: flags.enable_serialization_as_tensor_content,
      stickyHeader: this.#stickyHeader,
      maxBufferedBytes: flags.grpc_max_buffered_bytes,
      ssl,
      sessionRun: flags.enable_session_run,
      admin,
      requestLog: this.#requestLog,
    });
    if (flags.rest_api_port === 0 || metrics === 'unreadable') return;
    if (flags.rest_api_port === flags.port) {
      log.error('rest_api_port and port must differ: REST is off');
      return;
    }
    const rest = new RestServer({
      inference,
      modelStatus,
      modelMetadata,
      admin,
      metadataJson: new MetadataJson(loadProtos([METADATA_PROTO])),
      timeoutMillis: flags.rest_api_timeout_in_ms,
      maxBodyBytes: flags.rest_api_max_body_bytes,
      maxBufferedBytes: flags.rest_api_max_buffered_bytes,
      gzipMinBytes: flags.rest_api_gzip_min_bytes,
      stickyHeader: this.#stickyHeader,
      corsEnabled: flags.rest_api_enable_cors_support,
      ssl,
      requestLog: this.#requestLog,
      metrics,
    });
    try {
      await rest.listen(flags.rest_api_port);
      this.#rest = rest;
      log.info(`REST at port ${flags.rest_api_port}${ssl === null ? '' : ' over TLS'}`);
    } catch (error) {
      log.error(`REST is off: ${ServingError.from(error).message}`); // as upstream: gRPC goes on
    }
  }

  /**
   * Stops accepting, finishes what is in flight for at most `graceMillis`, unloads. Safe to call at
   * any time after the constructor.
   */
  async stop(graceMillis: number): Promise<void> {
    this.#core.stopChanging();
    const listeners = [this.#grpc, this.#rest].filter((listener) => listener !== null);
    const grace = setTimeout(() => {
      this.#options.log.warn(`requests were still in flight after ${graceMillis} ms: ended`);
      for (const listener of listeners) listener.destroy();
    }, graceMillis);
    await Promise.all(listeners.map((listener) => listener.close()));
    clearTimeout(grace);
    this.#requestLog.flush();
    await this.#core.close();
  }

  /** Null without a page, which only REST could serve. @throws ServingError */
  async #metrics(): Promise<(RestMetrics & { readonly lifecycle: LifecycleMetrics }) | null> {
    const { monitoring_config_file: file, rest_api_port: restPort, port } = this.#options.flags;
    if (file === '' || restPort === 0 || restPort === port) return null;
    const path = await prometheusPath(file);
    if (path === null) return null;
    const registry = new Registry();
    registry.addReader(() => {
      const statistics = addon().runStatistics();
      countNativeRequests(requests, statistics);
      return runFamilies(statistics);
    });
    registry.addReader(() => batchingFamilies(this.#core.batchStatistics));
    registry.addReader(() => [this.#core.shadows.requests]);
    registry.addReader(() => planFamilies(this.#core.plans));
    const requests = new RequestMetrics(
      registry,
      (name) => this.#core.catalog.statuses(name).length > 0,
    );
    const process = new ProcessMetrics();
    const page = new MetricsPage(registry, () => process.text());
    return { path, requests, page, lifecycle: new LifecycleMetrics(registry) };
  }

  /** Where the addon cannot, grpc-js serves. */
  #newGrpc(options: NativeGrpcServerOptions): GrpcServer | NativeGrpcServer {
    const { flags, log } = this.#options;
    if (flags.grpc_transport === 'grpc-js') return new GrpcServer(options);
    const missing = NativeGrpcServer.missing();
    if (missing !== null) {
      log.warn(`--grpc_transport=native: Node has no ${missing}: grpc-js serves`);
      return new GrpcServer(options);
    }
    const server = new NativeGrpcServer(options);
    this.#core.watchRoutes((routes) => server.route(routes));
    return server;
  }

  async #startGrpc(options: NativeGrpcServerOptions): Promise<void> {
    const { flags, log } = this.#options;
    const addresses: string[] = [];
    if (flags.port !== 0) addresses.push(`0.0.0.0:${flags.port}`);
    if (flags.grpc_socket_path !== '') addresses.push(`unix:${flags.grpc_socket_path}`);
    const grpc = this.#newGrpc(options);
    try {
      for (const address of addresses) await grpc.listen(address);
    } catch (cause) {
      grpc.destroy();
      const message = `Failed to BuildAndStart gRPC server: ${ServingError.from(cause).message}`;
      throw new ServingError(StatusCode.UNAVAILABLE, message, [], { cause });
    }
    this.#grpc = grpc;
    log.info(`gRPC at ${addresses.join(', ')}${options.ssl === null ? '' : ' over TLS'}`);
  }
}

function checkOptions({ flags, models }: ServerOptions): void {
  const refuse = (message: string): never => {
    throw new ServingError(StatusCode.INVALID_ARGUMENT, message);
  };
  if (models === null && flags.model_base_path === '' && flags.model_config_file === '') {
    refuse('Both server_options.model_base_path and server_options.model_config_file are empty!');
  }
  if (flags.port === 0 && flags.grpc_socket_path === '') {
    refuse(
      'At least one of server_options.grpc_port or server_options.grpc_socket_path must be set.',
    );
  }
  if (flags.batching_parameters_file !== '' && !flags.enable_batching) {
    refuse(
      'server_options.batching_parameters_file is set without setting ' +
        'server_options.enable_batching to true.',
    );
  }
  if (flags.use_alts_credentials) {
    refuse(
      flags.ssl_config_file === ''
        ? 'use_alts_credentials: ALTS is not available in this server.'
        : 'Either use_alts_credentials must be false or ssl_config_file must be empty.',
    );
  }
}

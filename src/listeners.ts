/**
 * Listeners: one JavaScript thread's services in front of what is served, and its listeners in front of
 * those: gRPC, REST or both. The main thread has one, and each I/O thread.
 */
import type { Authenticator } from './access/authenticator.js';
import type { Flags } from './config/flag-table.js';
import type { SslConfig } from './config/ssl-config.js';
import { MetadataCodec } from './grpc/metadata-codec.js';
import type { ModelServiceMessages } from './grpc/model-service-codec.js';
import { NativeGrpcServer } from './grpc/native-server.js';
import type { GrpcServer, GrpcServerOptions } from './grpc/server.js';
import { grpcStartFailure } from './grpc/start-failure.js';
import type { Address } from './listening/addresses.js';
import { SharedPort } from './listening/shared-port.js';
import { prepareSocketPath } from './listening/unix-socket.js';
import { AccessLog } from './log/access-log.js';
import type { Log } from './log/log.js';
import type { RequestLog } from './log/request-log.js';
import type { RequestMetrics } from './metrics/request-metrics.js';
import { addon } from './native/addon.js';
import type { NativeRoutes } from './native/transport.js';
import { loadProtos } from './protos/protos.js';
import type { RestMetrics } from './rest/api.js';
import { MetadataJson } from './rest/metadata-json.js';
import { NativeRestServer } from './rest/native/server.js';
import type { RestServer, RestSharing } from './rest/server.js';
import type { AdminApi } from './service/admin-api.js';
import { InferenceService } from './service/inference.js';
import type { ModelCatalog } from './service/model-catalog.js';
import { ModelMetadataService } from './service/model-metadata.js';
import type { ModelStatusService } from './service/model-status.js';
import { Profiling } from './service/profiling.js';
import type { Readiness } from './service/readiness.js';
import type { ShadowTraffic } from './service/shadow-traffic.js';
import { stickyHeaderOf } from './service/sticky-key.js';
import type { Surface } from './service/surface.js';
import { ServingError } from './status/serving-error.js';
import type { Tracer } from './tracing/tracer.js';

const METADATA_PROTO = 'tensorflow_serving/apis/get_model_metadata.proto';

export interface ListenersOptions {
  readonly flags: Flags;
  readonly surface: Surface;
  readonly ssl: SslConfig | null;
  readonly channelOptions: GrpcServerOptions['channelOptions'];
  readonly catalog: ModelCatalog;
  readonly shadows: ShadowTraffic;
  readonly modelStatus: ModelStatusService;
  readonly modelService: ModelServiceMessages;
  readonly readiness: Readiness;
  /** Null: not offered. */
  readonly admin: AdminApi | null;
  readonly authenticator: Authenticator;
  readonly requestLog: RequestLog;
  /** Null: there is none. */
  readonly accessLog: AccessLog | null;
  /** Null: nothing is traced. */
  readonly tracer: Tracer | null;
  /** Null: requests are not counted. */
  readonly requestMetrics: RequestMetrics | null;
  /** Null: there is no page. */
  readonly restMetrics: RestMetrics | null;
  /** Calls back with the routes of the native transports, now and whenever they change. */
  readonly watchRoutes: (onRoutes: (routes: NativeRoutes) => void) => void;
  /** What is shared with other threads' listeners, besides ports; null: nothing, and no port. */
  readonly sharing: RestSharing | null;
}

interface RoutedServer {
  route(routes: NativeRoutes): void;
}

export class Listeners {
  readonly #options: ListenersOptions;
  readonly #inference: InferenceService;
  readonly #modelMetadata: ModelMetadataService;
  readonly #stickyHeader: string | null;
  /** Null: not offered. */
  readonly #profiling: Profiling | null;
  #grpc: GrpcServer | NativeGrpcServer | null = null;
  #rest: RestServer | null = null;
  #shared: SharedPort | null = null;
  /** Those that answer by themselves what their routes cover. */
  readonly #routed: RoutedServer[] = [];
  #routes: NativeRoutes = [];

  constructor(options: ListenersOptions) {
    const { flags, surface, catalog, requestMetrics, shadows } = options;
    this.#options = options;
    this.#stickyHeader = stickyHeaderOf(flags.sticky_header);
    this.#inference = new InferenceService({
      catalog,
      asTensorContent: flags.enable_serialization_as_tensor_content,
      metrics: requestMetrics,
      stickyHeader: this.#stickyHeader,
      shadows,
    });
    this.#modelMetadata = new ModelMetadataService(catalog);
    this.#profiling = surface.profiler ? new Profiling(addon(), () => catalog.names()) : null;
  }

  /** @throws ServingError UNAVAILABLE with upstream's text */
  async startGrpc(native: boolean, addresses: readonly Address[]): Promise<void> {
    const grpc = await this.#newGrpc(native);
    try {
      await listenOn(grpc, addresses);
    } catch (cause) {
      grpc.destroy();
      throw grpcStartFailure(ServingError.from(cause).message, cause);
    }
    this.#grpc = grpc;
  }

  /** @throws ServingError UNAVAILABLE when an address cannot be bound, others for the SslConfig */
  async startRest(native: boolean, addresses: readonly Address[]): Promise<void> {
    const rest = await this.#newRest(native);
    try {
      await listenOn(rest, addresses);
    } catch (error) {
      rest.destroy();
      throw error;
    }
    this.#rest = rest;
  }

  /** Both protocols on the same addresses. @throws ServingError, as startRest */
  async startBoth(addresses: readonly Address[]): Promise<void> {
    const grpc = (await this.#newGrpc(true)) as NativeGrpcServer;
    const rest = (await this.#newRest(true)) as NativeRestServer;
    [this.#grpc, this.#rest] = [grpc, rest];
    this.#shared = new SharedPort(this.#options.ssl, { http2: grpc.lent, http1: rest.lent });
    try {
      await listenOn(this.#shared, addresses);
    } catch (error) {
      this.#shared.close();
      this.destroy();
      throw error;
    }
  }

  /** Requests that have come in; of gRPC those of the native transport. */
  get requests(): { readonly REST: number; readonly gRPC: number } {
    const calls = this.#grpc instanceof NativeGrpcServer ? this.#grpc.calls : 0;
    return { REST: this.#rest?.requests ?? 0, gRPC: calls };
  }

  /** Other certificates, for new connections. Returns those that cannot take them. @throws ServingError */
  renew(ssl: SslConfig): readonly string[] {
    this.#shared?.renew(ssl);
    const servers = { gRPC: this.#grpc, REST: this.#rest };
    return Object.entries(servers).flatMap(([protocol, server]) => {
      if (server === null) return [];
      if (!('renew' in server)) return [protocol];
      (server as NativeGrpcServer | NativeRestServer).renew(ssl);
      return [];
    });
  }

  /** Serves on, while clients are told to go on elsewhere. gRPC has its own way to do so when it closes. */
  leave(): void {
    this.#rest?.leave();
  }

  /** Accepts nothing more; resolves when all that came in has its answer. */
  async close(): Promise<void> {
    this.#shared?.close();
    this.#profiling?.stop();
    await Promise.all([this.#grpc?.close(), this.#rest?.close()]);
    await this.#options.accessLog?.flush();
  }

  /** Ends every connection, answered or not. */
  destroy(): void {
    this.#grpc?.destroy();
    this.#rest?.destroy();
  }

  async #newGrpc(native: boolean): Promise<GrpcServer | NativeGrpcServer> {
    const {
      flags,
      surface,
      ssl,
      channelOptions,
      modelService,
      readiness,
      admin,
      requestLog,
      accessLog,
      tracer,
      authenticator,
    } = this.#options;
    const options = {
      inference: this.#inference,
      modelService,
      metadata: new MetadataCodec(this.#modelMetadata),
      readiness,
      reload: surface.reload,
      sessionRun: surface.sessionRun,
      admin,
      profiling: this.#profiling,
      channelOptions,
      maxBufferedBytes: flags.grpc_max_buffered_bytes,
      ssl,
      authenticator,
      requestLog,
      accessLog,
      tracer,
    };
    if (!native) {
      const grpcJs = await import('./grpc/server.js'); // its library is a tenth of a start
      return new grpcJs.GrpcServer(options);
    }
    const server = new NativeGrpcServer({
      ...options,
      asTensorContent: flags.enable_serialization_as_tensor_content,
      stickyHeader: this.#stickyHeader,
      shares: this.#options.sharing !== null,
    });
    this.#watchRoutes(server);
    return server;
  }

  async #newRest(native: boolean): Promise<RestServer> {
    const {
      flags,
      ssl,
      modelStatus,
      readiness,
      admin,
      requestLog,
      accessLog,
      tracer,
      restMetrics,
      sharing,
      authenticator,
    } = this.#options;
    const options = {
      inference: this.#inference,
      modelStatus,
      modelMetadata: this.#modelMetadata,
      readiness,
      admin,
      metadataJson: new MetadataJson(loadProtos([METADATA_PROTO])),
      timeoutMillis: flags.rest_api_timeout_in_ms,
      maxHeaderBytes: flags.rest_api_max_header_bytes,
      maxBodyBytes: flags.rest_api_max_body_bytes,
      maxConnections: flags.rest_api_max_connections,
      idleTimeoutSeconds: flags.rest_api_idle_timeout_seconds,
      maxBufferedBytes: flags.rest_api_max_buffered_bytes,
      gzipMinBytes: flags.rest_api_gzip_min_bytes,
      stickyHeader: this.#stickyHeader,
      corsEnabled: flags.rest_api_enable_cors_support,
      ssl,
      authenticator,
      requestLog,
      accessLog,
      tracer,
      metrics: restMetrics,
      sharing,
    };
    if (!native) {
      const uws = await import('./rest/uws/server.js'); // a library that is loaded where it serves
      return new uws.UwsRestServer(options);
    }
    const server = new NativeRestServer(options);
    this.#watchRoutes(server);
    return server;
  }

  #watchRoutes(server: RoutedServer): void {
    this.#routed.push(server);
    if (this.#routed.length > 1) {
      server.route(this.#routes);
      return;
    }
    this.#options.watchRoutes((routes) => {
      this.#routes = routes;
      for (const each of this.#routed) each.route(routes);
    });
  }
}

/** Null: there is none. */
export function accessLogOf(flags: Flags, log: Log): AccessLog | null {
  const { access_log: path, access_log_sample: sample, access_log_slow_millis } = flags;
  if (path === '') return null;
  return new AccessLog({ path, sample, slowMillis: access_log_slow_millis, log });
}

async function listenOn(
  server: { listen(address: Address): Promise<void> },
  addresses: readonly Address[],
): Promise<void> {
  for (const address of addresses) {
    if ('path' in address) await prepareSocketPath(address.path);
    await server.listen(address);
  }
}

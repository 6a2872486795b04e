/**
 * Server: wires sources, manager, services and listeners together, in upstream's order of starting:
 * models first, then gRPC, then REST. Owns them all; `stop` takes them down in reverse.
 */
import type { Flags } from './config/flag-table.js';
import { Manager } from './core/manager.js';
import { servableIdText, ServableState, type ServableId } from './core/servable.js';
import type { Source } from './core/source.js';
import { MetadataCodec } from './grpc/metadata-codec.js';
import { ModelServiceCodec } from './grpc/model-service-codec.js';
import { loadProtos } from './protos/protos.js';
import { GrpcServer, type GrpcServerOptions } from './grpc/server.js';
import type { Log } from './log/log.js';
import { addon } from './native/addon.js';
import type { SavedModel } from './native/saved-model.js';
import { MetadataJson } from './rest/metadata-json.js';
import { RestServer } from './rest/server.js';
import { LoadMemory } from './servables/load-memory.js';
import { libraryPaths, loadCustomOpLibraries, ModelOpLibraries } from './servables/op-libraries.js';
import { SavedModelLoader } from './servables/saved-model-loader.js';
import { sessionConfig } from './servables/session-config.js';
import { ModelMetadataService } from './service/model-metadata.js';
import { ModelStatusService } from './service/model-status.js';
import { InferenceService } from './service/inference.js';
import { FileSystemSource, type MonitoredModel } from './sources/file-system-source.js';
import { ServingError, StatusCode } from './status/serving-error.js';

const METADATA_PROTO = 'tensorflow_serving/apis/get_model_metadata.proto';

export interface ServerOptions {
  readonly flags: Flags;
  readonly models: readonly MonitoredModel[];
  readonly cpus: number;
  readonly log: Log;
}

export class Server {
  readonly #options: ServerOptions;
  readonly #manager: Manager<SavedModel>;
  readonly #source: Source;
  #grpc: GrpcServer | null = null;
  #rest: RestServer | null = null;

  /** @throws ServingError for flags that exclude each other, or when the addon cannot be loaded */
  constructor(options: ServerOptions) {
    const { flags, models, cpus, log } = options;
    this.#options = options;
    checkOptions(flags, models);
    const { configProto, runInCallerThread, runThreads } = sessionConfig(flags, cpus);
    const loadThreads = Math.max(1, flags.num_load_threads);
    addon().configure(runThreads, flags.run_queue_capacity, loadThreads);
    const tags = flags.saved_model_tags === '' ? ['serve'] : flags.saved_model_tags.split(',');
    const memory = flags.check_load_memory ? new LoadMemory() : null;
    const opLibraries = new ModelOpLibraries(flags.allow_model_op_libraries, log);
    this.#manager = new Manager({
      loaderFor: (name, version, path) =>
        new SavedModelLoader({ name, version }, path, {
          tags,
          configProto,
          runInCallerThread,
          checkMethodNames: flags.enable_signature_method_name_check,
          memory,
          opLibraries,
        }),
      maxLoadRetries: Math.max(0, flags.max_num_load_retries),
      loadRetryIntervalMillis: flags.load_retry_interval_micros / 1000,
      onState: (id, state, error) => logState(log, id, state, error),
    });
    const pollWaitSeconds = flags.file_system_poll_wait_seconds;
    this.#source = new FileSystemSource({ models, pollWaitSeconds, log });
  }

  /** Resolves when every listener is open. @throws ServingError */
  async start(): Promise<void> {
    const { flags, models, log } = this.#options;
    await loadCustomOpLibraries(libraryPaths(flags.custom_op_libraries), log);
    this.#source.start(this.#manager.aspire);
    await this.#manager.untilServing(models.map((model) => model.name));
    const inference = new InferenceService(
      this.#manager,
      flags.enable_serialization_as_tensor_content,
    );
    const modelStatus = new ModelStatusService(this.#manager);
    const modelMetadata = new ModelMetadataService(this.#manager);
    await this.#startGrpc({
      inference,
      modelService: new ModelServiceCodec(modelStatus),
      metadata: new MetadataCodec(modelMetadata),
      health: flags.enable_grpc_healthcheck_service,
    });
    if (flags.rest_api_port === 0) return;
    if (flags.rest_api_port === flags.port) {
      log.error('rest_api_port and port must differ: REST is off');
      return;
    }
    const rest = new RestServer({
      inference,
      modelStatus,
      modelMetadata,
      metadataJson: new MetadataJson(loadProtos([METADATA_PROTO])),
      timeoutMillis: flags.rest_api_timeout_in_ms,
      maxBodyBytes: flags.rest_api_max_body_bytes,
      corsEnabled: flags.rest_api_enable_cors_support,
    });
    try {
      await rest.listen(flags.rest_api_port);
      this.#rest = rest;
      log.info(`REST at port ${flags.rest_api_port}`);
    } catch (error) {
      log.error(`REST is off: ${ServingError.from(error).message}`); // as upstream: gRPC goes on
    }
  }

  /**
   * Stops accepting, finishes what is in flight for at most `graceMillis`, unloads. Safe to call at
   * any time after the constructor.
   */
  async stop(graceMillis: number): Promise<void> {
    this.#source.close();
    const listeners = [this.#grpc, this.#rest].filter((listener) => listener !== null);
    const grace = setTimeout(() => {
      this.#options.log.warn(`requests were still in flight after ${graceMillis} ms: ended`);
      for (const listener of listeners) listener.destroy();
    }, graceMillis);
    await Promise.all(listeners.map((listener) => listener.close()));
    clearTimeout(grace);
    await this.#manager.close();
  }

  async #startGrpc(options: GrpcServerOptions): Promise<void> {
    const { flags, log } = this.#options;
    const addresses: string[] = [];
    if (flags.port !== 0) addresses.push(`0.0.0.0:${flags.port}`);
    if (flags.grpc_socket_path !== '') addresses.push(`unix:${flags.grpc_socket_path}`);
    const grpc = new GrpcServer(options);
    try {
      for (const address of addresses) await grpc.listen(address);
    } catch (cause) {
      grpc.destroy();
      const message = `Failed to BuildAndStart gRPC server: ${ServingError.from(cause).message}`;
      throw new ServingError(StatusCode.UNAVAILABLE, message, [], { cause });
    }
    this.#grpc = grpc;
    log.info(`gRPC at ${addresses.join(', ')}`);
  }
}

function checkOptions(flags: Flags, models: readonly MonitoredModel[]): void {
  const refuse = (message: string): never => {
    throw new ServingError(StatusCode.INVALID_ARGUMENT, message);
  };
  if (flags.port === 0 && flags.grpc_socket_path === '') {
    refuse(
      'At least one of server_options.grpc_port or server_options.grpc_socket_path must be set.',
    );
  }
  for (const { name, basePath } of models) {
    if (basePath.startsWith('/')) continue;
    refuse(`Expected model ${name} to have an absolute path or URI; got base_path()=${basePath}`);
  }
}

function logState(
  log: Log,
  id: ServableId,
  state: ServableState,
  error: ServingError | null,
): void {
  const servable = servableIdText(id);
  if (error !== null) {
    const { code, violations } = error;
    log.error({ servable, code, violations }, `load failed: ${error.message}`);
  } else if (state === ServableState.AVAILABLE) log.info({ servable }, 'available');
  else if (state === ServableState.END) log.info({ servable }, 'unloaded');
  else log.debug({ servable, state }, 'state');
}

/**
 * ServerCore: what is served: the models that are configured, the source that looks for their versions,
 * the manager that loads them. Knows no transport.
 */
import { cpus as osCpus } from 'node:os';

import { followed, type CatalogFollower } from './catalog-follower.js';
import type { Flags } from './config/flag-table.js';
import { sourceOf } from './config/plugin-names.js';
import { singleModel, type ModelConfig, type ModelServerConfig } from './config/model-config.js';
import type { PlatformConfig } from './config/platform-config.js';
import { availabilityPreserving, resourcePreserving } from './core/aspired-version-policy.js';
import { systemClock } from './core/clock.js';
import { Manager, type AvailableModel } from './core/manager.js';
import { ModelSet } from './core/model-set.js';
import { ServableState } from './core/servable.js';
import type { Source } from './core/source.js';
import { VersionLabels, type Labels } from './core/version-labels.js';
import { logFailure, logRetry, logState } from './lifecycle-log.js';
import type { Log } from './log/log.js';
import type { QueueStatistics } from './metrics/batching-metrics.js';
import type { LifecycleMetrics } from './metrics/lifecycle-metrics.js';
import type { ModelStates } from './metrics/load-metrics.js';
import { addon } from './native/addon.js';
import type { NativeRoutes } from './native/transport.js';
import type { InferenceModel } from './native/inference-model.js';
import type { Plugins } from './plugins/plugins.js';
import { batchingParametersOf } from './servables/batching-parameters-file.js';
import { BatchedSignatures } from './servables/batched-signatures.js';
import { ExecutionPlans, type VersionPlan } from './servables/execution-plans.js';
import { LoadMemory } from './servables/load-memory.js';
import { ModelBatching, type SharedBatching } from './servables/model-batching.js';
import { libraryPaths, loadCustomOpLibraries, loadOpSets } from './servables/op-libraries.js';
import { PlatformRegistry, type PlatformKind } from './servables/platform.js';
import { WatchedModels } from './servables/served-models.js';
import { logWarmup } from './servables/warmup-log.js';
import { ResponseCaches } from './servables/response-caches.js';
import { sessionConfig } from './servables/session-config.js';
import { ModelAdminService } from './service/model-admin.js';
import { stateName, type ModelCatalog } from './service/model-catalog.js';
import { nativeRoutes } from './service/native-routes.js';
import { RequestLogging } from './service/request-logging.js';
import { ShadowTraffic } from './service/shadow-traffic.js';
import { recordWarmup } from './service/warmup-recorder.js';
import { FileSystemLooker } from './sources/file-system-looker.js';
import { ModelConfigFile } from './sources/model-config-file.js';
import { ModelRoots } from './sources/model-roots.js';
import { PolledSource } from './sources/polled-source.js';
import { ServingError, StatusCode } from './status/serving-error.js';

/** Upstream loads the first models with 4 threads a CPU; beyond this many the disk is the limit. */
const MAX_INITIAL_LOADS = 32;

export interface ServerOptions {
  readonly flags: Flags;
  /** What to serve; null: what the flags say. */
  readonly models: ModelServerConfig | null;
  readonly cpus: number;
  readonly log: Log;
  /** Paths of the op libraries of --ops, which come before those of --custom_op_libraries. */
  readonly opLibraries: readonly string[];
  /** What files say beside the flags, which are its own. */
  readonly platform: PlatformConfig;
  /** By the names that `model_platform` has for them. */
  readonly platforms: ReadonlyMap<string, PlatformKind>;
  readonly plugins: Plugins;
  /** Finds or fetches OpenVINO's C library, where a load needs it. Absent: there is none. */
  readonly openVino?: () => Promise<string>;
}

const noOpenVino = (): Promise<string> =>
  Promise.reject(new Error('this server was started without it'));

export class ServerCore {
  readonly catalog: ModelCatalog;
  readonly admin: ModelAdminService;
  readonly shadows: ShadowTraffic;
  readonly logging: RequestLogging;
  readonly caches: ResponseCaches;
  readonly #options: ServerOptions;
  readonly #manager: Manager<InferenceModel>;
  readonly #source: Source;
  readonly #labels: VersionLabels;
  readonly #models: ModelSet;
  readonly #configFile: ModelConfigFile | null;
  readonly #threads: { readonly run: number; readonly load: number };
  readonly #plans: ExecutionPlans;
  /** Ends what would hold up a stop for as long as its caller wishes. */
  readonly #stopping = new AbortController();
  #firstConfig: ModelServerConfig = { kind: 'none' };
  #batching: ModelBatching | null = null;
  #metrics: LifecycleMetrics | null = null;
  #onRoutes: ((routes: NativeRoutes) => void) | null = null;
  #routesAreStale = false;
  #onChange: () => void = () => undefined;
  readonly #watched = new WatchedModels(
    () => this.catalog,
    (name) => this.#models.of(name) !== null,
  );
  #follower: CatalogFollower | null = null;

  /** @throws ServingError for flags that exclude each other, or when the addon cannot be loaded */
  constructor(options: ServerOptions) {
    const { flags, cpus, log, platform } = options;
    this.#options = options;
    const { configProto, runInCallerThread, runThreads, intraOpThreads } = sessionConfig(
      flags,
      platform.session,
      cpus,
    );
    const initialLoads = Math.min(MAX_INITIAL_LOADS, 4 * cpus);
    const loadThreads = Math.max(initialLoads, flags.num_load_threads, flags.num_unload_threads);
    this.#threads = { run: runThreads, load: loadThreads };
    const tags = flags.saved_model_tags === '' ? ['serve'] : flags.saved_model_tags.split(',');
    this.logging = new RequestLogging({ flags, tags, log, addon });
    this.caches = new ResponseCaches({ log, addon });
    this.#plans = new ExecutionPlans(
      flags,
      { cpus, intraOpThreads },
      () => [
        addon().tensorflowVersion(),
        ...new Set(osCpus().map(({ model }) => model)),
        Buffer.from(configProto).toString('hex'),
        String(runInCallerThread),
      ],
      options.openVino ?? noOpenVino,
      log,
    );
    const signatures = new BatchedSignatures(log);
    const platforms = new PlatformRegistry(options.platforms, {
      ...{ flags, log, configProto, runInCallerThread, tags },
      plans: this.#plans,
      batchedSignatures: signatures,
      responseCaches: this.caches,
      batching: () => this.#batching,
      models: this.#watched,
      memory: flags.check_load_memory ? new LoadMemory() : null,
      openVino: options.openVino ?? noOpenVino,
      onWarmup: (id, path, outcome) => {
        logWarmup(log, id, outcome);
        this.#metrics?.warmedUp(path, outcome);
      },
    });
    this.#manager = new Manager({
      loaderFor: (name, version, path) => {
        const { platform = '', hooks = [] } = this.#models.of(name) ?? {};
        const id = { name, version };
        const own = platforms.of(platform).loaderFor(id, path);
        return followed(options.plugins.hooked(own, id, path, hooks), this.#follower);
      },
      parallelLoads: initialLoads,
      policyOf: (name) =>
        this.#models.of(name)?.resourcePreserving ? resourcePreserving : availabilityPreserving,
      shadowOf: (name) => this.#models.of(name)?.shadow?.version ?? null,
      maxLoadRetries: Math.max(0, flags.max_num_load_retries),
      loadRetryIntervalMillis: flags.load_retry_interval_micros / 1000,
      onState: (id, state, error) => {
        if (state === ServableState.END) {
          this.#plans.unloaded(id);
          signatures.unloaded(id);
          this.caches.unloaded(id);
        }
        logState(log, id, state, error);
        const { name, version } = id;
        const code = error?.code ?? StatusCode.OK;
        this.#metrics?.loads.changed(name, { version, state: stateName(state), code });
        this.#rerouted();
        this.#follower?.changed(id.name);
        this.#changed(id.name);
      },
      onFailure: (id, failure) => logFailure(log, id, failure),
      onRetry: (id, retry) => logRetry(log, id, retry),
      onTrouble: (name) => {
        this.#follower?.changed(name);
        this.#changed(name);
      },
    });
    const roots = new ModelRoots(flags.model_roots);
    const { sources } = options.plugins;
    const onDisk = new FileSystemLooker({
      roots,
      settleMillis: flags.version_settle_millis,
      hasFailed: (name, version) => this.#manager.hasFailed(name, version),
      choose: (...choice) => sources?.choose(...choice) ?? Promise.resolve([]),
    });
    const source = new PolledSource({
      pollWaitSeconds: flags.file_system_poll_wait_seconds,
      lookerOf: ({ basePath }) => (sourceOf(basePath) !== null && sources) || onDisk,
      log,
    });
    sources?.open({ roots, onChange: (name) => source.lookAgain(name) });
    this.#source = source;
    this.#labels = new VersionLabels(
      (name, version) => this.#manager.isAvailable(name, version),
      flags.allow_version_labels_for_unavailable_models,
    );
    this.#models = new ModelSet({
      source: this.#source,
      labels: this.#labels,
      untilServing: (names, options) => this.#manager.untilServing(names, options),
      troubleOf: (name) => this.#manager.troubleOf(name),
      isServing: (name) => this.#manager.availableOf(name).latest !== null,
      waitMillis: flags.model_reload_wait_seconds * 1000,
      checkBasePaths: (models) => roots.check(models),
      onModels: (models) => {
        this.shadows.configure(models);
        this.logging.configure(models);
        this.caches.configure(models);
        this.#manager.reroute();
        this.#rerouted();
        this.#follower?.configured();
        this.#changed(null);
      },
      clock: systemClock,
      canLog: this.logging.canLog,
    });
    this.#configFile =
      flags.model_config_file === ''
        ? null
        : new ModelConfigFile({
            path: flags.model_config_file,
            pollWaitSeconds: flags.model_config_file_poll_wait_seconds,
            log,
            reload: (read, onAccepted) => this.#models.reloadFrom(read, onAccepted),
            onReload: (error) => this.#metrics?.reloaded(error),
          });
    const manager = this.#manager;
    this.catalog = {
      acquire: (name, version) => manager.acquire(name, version),
      isAvailable: (name, version) => manager.isAvailable(name, version),
      statuses: (name) => manager.statuses(name),
      troubleOf: (name) => manager.troubleOf(name),
      names: () => manager.names(),
      get revision() {
        return manager.revision;
      },
      labelled: (name, label, key) => this.#labels.resolve(name, label, key),
      isShared: (name, label) => this.#labels.isShared(name, label),
    };
    this.shadows = new ShadowTraffic({ catalog: this.catalog, log });
    const file = this.#configFile;
    this.admin = new ModelAdminService({
      models: this.#models,
      statuses: (name) => manager.statuses(name),
      troubleOf: (name) => manager.troubleOf(name),
      found: (name) => this.#source.found(name),
      plans: (name) => this.#plans.of(name),
      batching: (name) => signatures.of(name),
      file,
      canLog: this.logging.canLog,
      record: (name, wish, signal) => {
        const signals = [this.#stopping.signal, ...(signal === undefined ? [] : [signal])];
        return recordWarmup(addon(), name, wish, AbortSignal.any(signals));
      },
      filePollSeconds: file === null ? 0 : Math.max(0, flags.model_config_file_poll_wait_seconds),
      log,
    });
  }

  /**
   * Makes ready what listeners need, and reads the first configuration. `metrics` null counts nothing;
   * `shared` null: no other thread runs batches.
   * @throws ServingError
   */
  async prepare(
    metrics: LifecycleMetrics | null,
    shared: SharedBatching | null = null,
  ): Promise<void> {
    this.#metrics = metrics;
    const { flags, models, cpus, platform } = this.#options;
    const { batchingParameters: parameters } = platform;
    const { run, load } = this.#threads;
    this.#batching = await ModelBatching.from(
      flags,
      cpus,
      run,
      (name) => this.#models.of(name)?.batchingWeight ?? 1,
      (name) => this.#models.of(name)?.assumeIndependentRows ?? false,
      shared,
      parameters && batchingParametersOf(parameters),
    );
    const runThreads = Math.max(run, this.#batching?.threads ?? 0);
    const { run_queue_capacity: capacity, inline_run_micros: inlineMicros } = flags;
    addon().configure(runThreads, capacity, load, inlineMicros);
    const config = models ?? (await this.#configFile?.read()) ?? configOf(flags);
    this.#firstConfig = config;
    if (config.kind === 'custom') {
      throw new ServingError(
        StatusCode.INVALID_ARGUMENT,
        'custom_model_config is not supported: use model_config_list',
      );
    }
  }

  /** Resolves when every model of the first configuration serves. REQUIRES: prepared. @throws ServingError */
  async load(): Promise<void> {
    const { flags, log, opLibraries } = this.#options;
    await loadOpSets(opLibraries, log);
    await loadCustomOpLibraries(libraryPaths(flags.custom_op_libraries), log);
    this.#source.start(this.#manager);
    // From here on the file may put something else in the place of what cannot be waited for.
    await this.#models.start(this.#firstConfig, () => this.#configFile?.start());
    this.#manager.maxParallelLoads = Math.max(1, flags.num_load_threads);
  }

  /** Calls back with the routes now, and whenever they change, at the end of the turn. */
  watchRoutes(onRoutes: (routes: NativeRoutes) => void): void {
    this.#onRoutes = onRoutes;
    this.#publishRoutes();
  }

  /** Before `start`: tells `follower` of all that changes, and waits for it before an unload. */
  follow(follower: CatalogFollower): void {
    this.#follower = follower;
  }

  /** `onChange` is called when a state, what keeps a model from serving, or the configuration has changed. */
  watch(onChange: () => void): void {
    this.#onChange = onChange;
  }

  /** What the model has to answer requests with. */
  availableOf(name: string): AvailableModel<InferenceModel> {
    return this.#manager.availableOf(name);
  }

  configuration(): {
    readonly models: readonly ModelConfig[];
    readonly labels: ReadonlyMap<string, Labels> | null;
  } {
    return { models: this.#models.models, labels: this.#labels.all };
  }

  /** Null: nothing is batched. */
  get batchThreads(): number | null {
    return this.#batching?.threads ?? null;
  }

  /** `name` null: another configuration is in force. */
  #changed(name: string | null): void {
    this.#onChange();
    this.#watched.changed(name);
  }

  #rerouted(): void {
    if (this.#onRoutes === null || this.#routesAreStale) return;
    this.#routesAreStale = true;
    queueMicrotask(() => this.#publishRoutes());
  }

  #publishRoutes(): void {
    this.#routesAreStale = false;
    this.#onRoutes?.(
      nativeRoutes(
        this.#manager.available(),
        (name) => this.#labels.of(name),
        (name) => this.shadows.isOf(name),
      ),
    );
  }

  /** Of all models that are configured. */
  get modelStates(): ModelStates[] {
    return this.#models.models.map(({ name }) => {
      const versions = this.#manager.statuses(name).map(({ version, state, error }) => {
        return { version, state: stateName(state), code: error?.code ?? StatusCode.OK };
      });
      return { name, versions };
    });
  }

  /** Of batches; empty without batching. */
  get batchStatistics(): readonly QueueStatistics[] {
    return this.#batching?.statistics ?? [];
  }

  /** Of all loaded versions. */
  get plans(): Iterable<VersionPlan & { readonly name: string }> {
    return this.#plans.all();
  }

  /** From here on no version comes or goes by itself, and no request waits for others. */
  stopChanging(): void {
    this.#stopping.abort(new ServingError(StatusCode.UNAVAILABLE, 'The server is stopping.'));
    this.#batching?.scheduler.flush();
    this.#configFile?.close();
    this.#models.close();
    this.#source.close();
  }

  /** Unloads everything; resolves when all memory is given back. */
  async close(): Promise<void> {
    await this.#manager.close();
    this.caches.close();
    this.shadows.flush();
    await this.logging.close();
  }
}

function configOf(flags: Flags): ModelServerConfig {
  return { kind: 'models', models: [singleModel(flags.model_name, flags.model_base_path)] };
}

/**
 * PluginSources: the sources and policies of plugins, in a worker thread of their own, so that a run waits for no
 * source and ends with none. Looks for the versions of models whose base path is theirs. Main thread.
 */
import type { ModelConfig } from '../config/model-config.js';
import { sourceOf } from '../config/plugin-names.js';
import type { AspiredVersion } from '../core/source.js';
import type { ModelRoots } from '../sources/model-roots.js';
import type { Look, Looker } from '../sources/polled-source.js';
import { settledPolicy, wantedVersions, type Choose } from '../sources/version-policy.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import type { FoundVersion } from './messages.js';
import { PluginWorker, type PluginWorkerOptions } from './plugin-worker.js';

const LOOK_MILLIS = 60_000;
const CHOOSE_MILLIS = 10_000;
const RETRY_MILLIS = 5_000;
/** A timer may come a little early. */
const TIMER_MARGIN_MILLIS = 5;

export interface PluginSourcesOptions {
  /** Where versions may lie. */
  readonly roots: ModelRoots;
  /** A model's source has news. */
  readonly onChange: (name: string) => void;
  /** Until a fetch that has failed is tried again. */
  readonly retryMillis?: number;
}

/** A version that is brought to a folder, or was. */
interface Fetched {
  readonly fingerprint: string;
  /** Null: it is under way, or has failed. */
  folder: string | null;
  /** Of the last attempt that has ended. */
  error: ServingError | null;
  isUnderWay: boolean;
  /** By performance.now(), after a failure. */
  retryMillis: number;
}

interface Watched {
  /** Of the model at its source, in the thread. */
  readonly watch: number;
  readonly basePath: string;
  readonly fetched: Map<bigint, Fetched>;
}

export class PluginSources implements Looker {
  readonly #worker: PluginWorker;
  readonly #models = new Map<string, Watched>();
  #options: PluginSourcesOptions | null = null;
  #lastWatch = 0;

  constructor(options: PluginWorkerOptions) {
    this.#worker = new PluginWorker(options, {
      ended: () => undefined,
      startedAgain: () => {
        for (const name of this.#models.keys()) this.#options?.onChange(name);
      },
      refused: () => undefined, // who asks is told that it is not there
      infer: () => undefined,
      changed: (watch) => {
        for (const [name, model] of this.#models) {
          if (model.watch === watch) this.#options?.onChange(name);
        }
      },
    });
  }

  /** As PluginWorker's. */
  async start(): Promise<void> {
    await this.#worker.start();
  }

  /** Once, before anything is looked for. */
  open(options: PluginSourcesOptions): void {
    this.#options = options;
  }

  readonly choose: Choose = async (policy, name, versions) => {
    const ask = (call: number) => ({ kind: 'choose', call, policy, name, versions }) as const;
    await this.#worker.untilReady();
    const what = `the choice of version policy ${policy} for ${name}`;
    return (await this.#worker.ask(ask, what, CHOOSE_MILLIS)) as readonly bigint[];
  };

  async look(config: ModelConfig, { aspired }: Look, rescans: number): Promise<Look> {
    const watched = this.#watchedOf(config);
    const found = await this.#versions(config, watched);
    const byVersion = new Map(found.map((each) => [each.version, each]));
    const before = new Map(aspired.map((each) => [each.version, each]));
    for (const version of watched.fetched.keys()) {
      if (!byVersion.has(version)) watched.fetched.delete(version);
    }
    const versions = found.map(({ version, folder }) => ({ version, path: folder ?? '' }));
    const policy = await settledPolicy(config, versions, this.choose);
    const most = policy.kind === 'latest' ? policy.count : Infinity;
    const notes: string[] = [];
    let pending = 0;
    const check = async ({ version }: { version: bigint }): Promise<AspiredVersion | null> => {
      const { folder, fingerprint } = byVersion.get(version) as FoundVersion;
      let path = folder;
      if (path === null) {
        const known = before.get(version) ?? null;
        // While one is fetched, those behind it are not, unless it could not be.
        if (known === null && pending >= most && !watched.fetched.has(version)) return null;
        const fetched = this.#fetched(config, watched, version, fingerprint);
        if (fetched.error !== null) notes.push(fetched.error.message);
        else if (fetched.folder === null) ++pending;
        if (fetched.folder === null) return known;
        path = fetched.folder;
      }
      const refusal = (await this.#options?.roots.refusalOf(path)) ?? null;
      if (refusal !== null) {
        notes.push(`Skipped version ${version} of servable ${config.name}: ${refusal}`);
        return null;
      }
      return { version, path, fingerprint: `${fingerprint}/${rescans}` };
    };
    const shadow = config.shadow?.version ?? null;
    const { wanted, missing, isShadowMissing } = await wantedVersions(
      policy,
      shadow,
      versions,
      check,
    );
    const lacking = isShadowMissing && shadow !== null ? [...missing, shadow] : missing;
    for (const version of lacking) {
      notes.push(`Version ${version} of servable ${config.name} is not at ${config.basePath}`);
    }
    const isNothing = wanted.length === 0 && pending === 0;
    const trouble = isNothing ? nothingAt(config, notes[0]) : null;
    return { aspired: wanted, notes, trouble, resting: new Map(), againMillis: null };
  }

  async found(config: ModelConfig): Promise<readonly bigint[]> {
    const found = await this.#versions(config, this.#watchedOf(config));
    return found.map(({ version }) => version);
  }

  troubleText({ name, basePath }: ModelConfig, error: ServingError): string {
    return `Cannot look for versions of servable ${name} at ${basePath}: ${error}`;
  }

  forget(name: string): void {
    const watched = this.#models.get(name);
    this.#models.delete(name);
    if (watched !== undefined) this.#worker.post({ kind: 'forget', watch: watched.watch });
  }

  end(): Promise<void> {
    return this.#worker.end();
  }

  #watchedOf({ name, basePath }: ModelConfig): Watched {
    const known = this.#models.get(name);
    if (known?.basePath === basePath) return known;
    this.forget(name);
    const watched = { watch: ++this.#lastWatch, basePath, fetched: new Map<bigint, Fetched>() };
    this.#models.set(name, watched);
    return watched;
  }

  /** Highest first. */
  async #versions(
    { name, basePath }: ModelConfig,
    { watch }: Watched,
  ): Promise<readonly FoundVersion[]> {
    const source = sourceOf(basePath) ?? '';
    const ask = (call: number) =>
      ({ kind: 'versions', call, watch, source, name, basePath }) as const;
    await this.#worker.untilReady();
    const what = `the look of source ${source} for ${name}`;
    const found = (await this.#worker.ask(ask, what, LOOK_MILLIS)) as readonly FoundVersion[];
    const byVersion = new Map(found.map((each) => [each.version, each]));
    return [...byVersion.values()].sort((a, b) => (a.version < b.version ? 1 : -1));
  }

  /** What is known of the version's folder. Begins to fetch it where that is due; looks again when that has ended. */
  #fetched(
    { name }: ModelConfig,
    { watch, fetched }: Watched,
    version: bigint,
    fingerprint: string,
  ): Fetched {
    const known = fetched.get(version);
    const state: Fetched =
      known?.fingerprint === fingerprint
        ? known
        : { fingerprint, folder: null, error: null, isUnderWay: false, retryMillis: 0 };
    fetched.set(version, state);
    const isDue = state.folder === null && performance.now() >= state.retryMillis;
    if (state.isUnderWay || !isDue) return state;
    state.isUnderWay = true;
    const ask = (call: number) => ({ kind: 'fetch', call, watch, version, name }) as const;
    const { retryMillis = RETRY_MILLIS } = this.#options ?? {};
    const ended = (): void => {
      state.isUnderWay = false;
      if (fetched.get(version) === state) this.#options?.onChange(name);
    };
    this.#worker.ask(ask, `the fetch of ${name}:${version}`, 0).then(
      (folder) => {
        state.folder = folder as string;
        state.error = null;
        ended();
      },
      (thrown: unknown) => {
        const { code, message } = ServingError.from(thrown);
        const what = `Version ${version} of servable ${name} cannot be fetched: ${message}`;
        state.error = new ServingError(code, what);
        state.retryMillis = performance.now() + retryMillis;
        ended();
        setTimeout(() => this.#options?.onChange(name), retryMillis + TIMER_MARGIN_MILLIS).unref();
      },
    );
    return state;
  }
}

function nothingAt({ name, basePath }: ModelConfig, why: string | undefined): ServingError {
  const what = `No version of servable ${name} is to be had at ${basePath}`;
  return new ServingError(StatusCode.NOT_FOUND, why === undefined ? what : `${what}: ${why}`);
}

/**
 * ModelPublisher: tells the I/O threads what is served whenever it changes, and waits for them before a
 * version is unloaded. Main thread. What changes in one turn of the event loop goes out as one message.
 */
import type { AvailableModel } from '../core/manager.js';
import type { VersionStatus } from '../core/servable.js';
import { settled } from '../native/calls.js';
import type { DeclaredModel } from '../native/declared-model.js';
import type { InferenceModel } from '../native/inference-model.js';
import type { TensorSet } from '../native/tensor-sets.js';
import { remoteOf, replicaOf } from '../servables/model-replica.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import type { IoThreads } from './io-threads.js';
import { plainError, type Configuration, type ModelState, type RemoteRun } from './messages.js';

/** Where to ask what is served. */
export interface Served {
  names(): readonly string[];
  statuses(name: string): readonly VersionStatus[];
  troubleOf(name: string): ServingError | null;
  availableOf(name: string): AvailableModel<InferenceModel>;
  configuration(): Configuration;
}

export class ModelPublisher {
  readonly #threads: Pick<IoThreads, 'askAll'>;
  readonly #served: Served;
  readonly #onFailure: (error: Error) => void;
  readonly #changed = new Set<string>();
  /** What only this thread can run, of the models that the others know; by the addon's numbers. */
  readonly #remote = new Map<number, DeclaredModel>();
  #isConfigured = false;
  #isOpen = false;
  #isDue = false;
  #told: Promise<void> = Promise.resolve();

  /** `onFailure`: a thread knows no more what is served. */
  constructor(
    threads: Pick<IoThreads, 'askAll'>,
    served: Served,
    onFailure: (error: Error) => void,
  ) {
    this.#threads = threads;
    this.#served = served;
    this.#onFailure = onFailure;
  }

  /** Tells all that is served now; from here on, what changes. Resolves when they know. */
  open(): Promise<void> {
    this.#isOpen = true;
    this.#isConfigured = true;
    for (const name of this.#served.names()) this.#changed.add(name);
    return this.settled();
  }

  /** A version has another state. */
  changed(name: string): void {
    this.#changed.add(name);
    this.#publishSoon();
  }

  /** Another configuration is in force: labels, shadows, weights, and with them what is latest. */
  configured(): void {
    this.#isConfigured = true;
    for (const name of this.#served.names()) this.#changed.add(name);
    this.#publishSoon();
  }

  /** Resolves when every thread knows what is served now. */
  settled(): Promise<void> {
    this.#publish();
    return this.#told;
  }

  /** Resolves when no thread uses the model. REQUIRES: it is not AVAILABLE any more. */
  async retired(model: InferenceModel): Promise<void> {
    if (!this.#isOpen) return;
    this.#publish();
    // A thread that has ended uses nothing.
    await this.#threads.askAll('retire', replicaOf(model).loaded.id).catch(() => undefined);
    const remote = remoteOf(model);
    if (remote !== null) this.#remote.delete(remote.declared.id);
  }

  /** Resolves with a set of tensors that is this thread's until the other takes it over. @throws ServingError */
  run({ model: id, ...run }: RemoteRun): Promise<TensorSet> {
    const model = this.#remote.get(id);
    return settled((done) => {
      if (model !== undefined) model.runFor({ ...run, isGone: () => false, trace: null }, done);
      else done(new ServingError(StatusCode.UNAVAILABLE, 'the version is not loaded'), null);
    });
  }

  #publishSoon(): void {
    if (this.#isDue || !this.#isOpen) return;
    this.#isDue = true;
    queueMicrotask(() => this.#publish());
  }

  #publish(): void {
    this.#isDue = false;
    if (!this.#isOpen || (this.#changed.size === 0 && !this.#isConfigured)) return;
    const models = [...this.#changed].map((name) => this.#stateOf(name));
    const configuration = this.#isConfigured ? this.#served.configuration() : null;
    this.#changed.clear();
    this.#isConfigured = false;
    this.#told = this.#threads.askAll('update', { models, configuration });
    this.#told.catch(this.#onFailure);
  }

  #stateOf(name: string): ModelState {
    const { latest, versions } = this.#served.availableOf(name);
    const trouble = this.#served.troubleOf(name);
    return {
      name,
      statuses: this.#served.statuses(name).map(({ version, state, error }) => ({
        version,
        state,
        error: error === null ? null : plainError(error),
      })),
      trouble: trouble === null ? null : plainError(trouble),
      versions: versions.map(([version, model]) => {
        const remote = remoteOf(model);
        if (remote !== null) this.#remote.set(remote.declared.id, remote);
        return [version, replicaOf(model)];
      }),
      latest: versions.find(([, model]) => model === latest)?.[0] ?? null,
    };
  }
}

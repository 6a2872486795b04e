/**
 * The manager under random histories: versions appear, vanish, come back with other files, fail to
 * load, are used and let go, in any order, while the clock stands still.
 */
import assert from 'node:assert/strict';

import fc from 'fast-check';

import {
  availabilityPreserving,
  resourcePreserving,
  type AspiredVersionPolicy,
} from '../../../src/core/aspired-version-policy.js';
import type { Loader } from '../../../src/core/loader.js';
import { Manager, type ServableHandle } from '../../../src/core/manager.js';
import { ServableState } from '../../../src/core/servable.js';
import { VersionLabels } from '../../../src/core/version-labels.js';
import { ServingError } from '../../../src/status/serving-error.js';

const VERSIONS = [1n, 2n, 3n, 4n, 5n] as const;
const HISTORIES = Number(process.env['TENSORGATE_PROPERTY_RUNS'] ?? 2000);

type Step =
  | { readonly kind: 'aspire'; readonly versions: readonly bigint[]; readonly files: number }
  | { readonly kind: 'loaded' | 'failed' | 'unloaded'; readonly which: number }
  | { readonly kind: 'clock' }
  | { readonly kind: 'acquire'; readonly version: bigint | null }
  | { readonly kind: 'release'; readonly which: number }
  | { readonly kind: 'label'; readonly version: bigint };

const anyVersion = fc.constantFrom(...VERSIONS);
const which = fc.nat(9);
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('aspire' as const),
    versions: fc.uniqueArray(anyVersion, { maxLength: 3 }),
    files: fc.nat(1),
  }),
  fc.record({ kind: fc.constantFrom('loaded' as const, 'failed' as const), which }),
  fc.record({ kind: fc.constant('unloaded' as const), which }),
  fc.record({ kind: fc.constant('clock' as const) }),
  fc.record({ kind: fc.constant('acquire' as const), version: fc.option(anyVersion) }),
  fc.record({ kind: fc.constant('release' as const), which }),
  fc.record({ kind: fc.constant('label' as const), version: anyVersion }),
);

/** One loaded version; tells whether its memory is still there. */
class Session {
  readonly version: bigint;
  users = 0;
  isOpen = true;

  constructor(version: bigint) {
    this.version = version;
  }
}

interface Pending {
  readonly version: bigint;
  readonly settle: (ok: boolean) => void;
}

class World {
  readonly loads: Pending[] = [];
  readonly unloads: Pending[] = [];
  readonly sleeps: (() => void)[] = [];
  readonly handles: ServableHandle<Session>[] = [];
  readonly state = new Map<bigint, ServableState>();
  readonly broken: string[] = [];
  readonly manager: Manager<Session>;
  readonly labels: VersionLabels;
  readonly #isPreserving: boolean;
  #aspiresAny = false;

  constructor(policy: AspiredVersionPolicy, parallelLoads: number) {
    this.#isPreserving = policy === availabilityPreserving;
    this.manager = new Manager<Session>({
      loaderFor: (_, version) => this.#loaderOf(version),
      parallelLoads,
      policyOf: () => policy,
      maxLoadRetries: 1,
      loadRetryIntervalMillis: 1,
      clock: {
        now: () => 0,
        sleep: (_, cancelled) =>
          new Promise((resolve) => {
            this.sleeps.push(resolve);
            void cancelled?.then(resolve);
          }),
      },
      onState: ({ version }, state) => this.#onState(version, state),
    });
    this.labels = new VersionLabels(
      (name, version) => this.manager.isAvailable(name, version),
      false,
    );
  }

  async take(step: Step): Promise<void> {
    const couldServe = this.#serves();
    switch (step.kind) {
      case 'aspire': {
        const versions = step.versions.map((version) => ({
          version,
          path: `/m/${version}`,
          fingerprint: String(step.files),
        }));
        this.#aspiresAny = versions.length > 0;
        this.manager.aspire('m', versions);
        break;
      }
      case 'loaded':
      case 'failed':
        takeOne(this.loads, step.which)?.settle(step.kind === 'loaded');
        break;
      case 'unloaded':
        takeOne(this.unloads, step.which)?.settle(true);
        break;
      case 'clock':
        for (const wake of this.sleeps.splice(0)) wake();
        break;
      case 'acquire':
        this.#acquire(step.version);
        break;
      case 'release':
        this.#release(step.which);
        break;
      case 'label':
        this.#label(step.version);
    }
    await new Promise(setImmediate);
    if (this.#isPreserving && couldServe && this.#aspiresAny && !this.#serves()) {
      this.broken.push('nothing serves any more though a version is wanted');
    }
  }

  /** Ends whatever has begun. */
  async drain(): Promise<void> {
    while (this.loads.length + this.unloads.length + this.sleeps.length + this.handles.length > 0) {
      await this.take({ kind: 'loaded', which: 0 });
      await this.take({ kind: 'clock' });
      await this.take({ kind: 'release', which: 0 });
      await this.take({ kind: 'unloaded', which: 0 });
    }
  }

  #acquire(version: bigint | null): void {
    const available = VERSIONS.filter((each) => this.state.get(each) === ServableState.AVAILABLE);
    const expected =
      version === null ? available.at(-1) : available.find((each) => each === version);
    try {
      const handle = this.manager.acquire('m', version);
      if (handle.id.version !== expected) this.broken.push(`got ${handle.id.version}`);
      if (!handle.servable.isOpen) this.broken.push('a handle to a session that is gone');
      ++handle.servable.users;
      this.handles.push(handle);
    } catch (error) {
      assert.ok(error instanceof ServingError);
      if (expected !== undefined) this.broken.push(`refused though ${expected} is AVAILABLE`);
    }
  }

  #release(index: number): void {
    const handle = takeOne(this.handles, index);
    if (handle === undefined) return;
    if (!handle.servable.isOpen) this.broken.push('a handle outlived its session');
    --handle.servable.users;
    handle.release();
  }

  /** A label may be given to what is AVAILABLE, and to nothing else. */
  #label(version: bigint): void {
    const isAvailable = this.state.get(version) === ServableState.AVAILABLE;
    try {
      this.labels.assign(new Map([['m', new Map([['L', new Map([[version, 1]])]])]]));
      if (!isAvailable) this.broken.push(`a label was given to ${version}`);
      if (this.labels.resolve('m', 'L', null) !== version) this.broken.push('a wrong label');
    } catch (error) {
      assert.ok(error instanceof ServingError);
      if (isAvailable) this.broken.push(`a label was refused for ${version}`);
    }
  }

  #serves(): boolean {
    return VERSIONS.some((version) => this.state.get(version) === ServableState.AVAILABLE);
  }

  #loaderOf(version: bigint): Loader<Session> {
    return {
      load: () =>
        new Promise((resolve, reject) => {
          this.loads.push({
            version,
            settle: (ok) => {
              if (ok) resolve(new Session(version));
              else reject(new Error('broken'));
            },
          });
        }),
      unload: (session) =>
        new Promise((resolve) => {
          if (session.users > 0) this.broken.push(`${version} is unloaded while it is in use`);
          session.isOpen = false;
          this.unloads.push({ version, settle: () => resolve() });
        }),
    };
  }

  #onState(version: bigint, state: ServableState): void {
    const before = this.state.get(version);
    const isFresh = before === undefined || before === ServableState.END;
    // A failed attempt that is not the last shows in LOADING.
    const isAgain = state === ServableState.LOADING && before === state;
    if (!isAgain && (isFresh ? state !== ServableState.START : state <= before)) {
      this.broken.push(`${version} went from ${before} to ${state}`);
    }
    if (state === ServableState.UNLOADING && this.#isPreserving) {
      const others = VERSIONS.filter((each) => each !== version);
      const unloading = others.some((each) => this.state.get(each) === ServableState.UNLOADING);
      const newer = others.some(
        (each) => each > version && this.state.get(each) === ServableState.AVAILABLE,
      );
      if (unloading && !newer) this.broken.push(`${version} and another are unloaded at once`);
    }
    this.state.set(version, state);
  }
}

function takeOne<T>(from: T[], index: number): T | undefined {
  return from.splice(index % Math.max(1, from.length), 1)[0];
}

describe('The manager, whatever happens', function () {
  this.timeout(300_000);

  for (const [name, policy] of Object.entries({ availabilityPreserving, resourcePreserving })) {
    it(`keeps its promises with ${name}, in ${HISTORIES} random histories`, async () => {
      const history = fc.array(anyStep, { maxLength: 60, size: 'max' });
      const parallelLoads = fc.constantFrom(1, 2, Infinity);
      await fc.assert(
        fc.asyncProperty(history, parallelLoads, async (steps, parallel) => {
          const world = new World(policy, parallel);
          for (const step of steps) await world.take(step);
          await world.drain();
          for (const [version, state] of world.state) {
            const ended = state === ServableState.AVAILABLE || state === ServableState.END;
            if (!ended) world.broken.push(`${version} is left in ${state}`);
          }
          assert.deepEqual(world.broken, []);
          const closing = world.manager.close();
          await world.drain();
          await closing;
          assert.ok([...world.state.values()].every((state) => state === ServableState.END));
        }),
        { numRuns: HISTORIES },
      );
    });
  }
});

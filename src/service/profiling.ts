/**
 * Profiling: what TensorFlow does in the runs of the whole process while a profile is open, as TensorBoard
 * reads it. The addon has one open at a time, whichever thread's it is. THREAD: any event loop's.
 */
import { call } from '../native/calls.js';
import type { NativeProfile, NativeProfileData, NativeProfiling } from '../native/profiling.js';
import { ServingError, StatusCode } from '../status/serving-error.js';

/** The field of a request that the model's name is in. */
export const MODEL_FIELD = 'opts.advanced_configuration["tensorgate_model"]';

/** Of one profile, and of the wait for its start. */
export const MAX_PROFILE_MILLIS = 300_000;
/** What upstream's clients ask for. */
export const MAX_PROFILE_OPS = 1_000_000;
/** Of memory, while it is open. */
const MAX_BYTES = 64 << 20;
const LOOK_MILLIS = 20;

export interface ProfileWish {
  /** By which it may be terminated. */
  readonly id: string;
  readonly durationMillis: number;
  /** Until it starts; 0 or less: now. */
  readonly delayMillis: number;
  /** Empty: all models. */
  readonly model: string;
  /** Ops at most; 0: MAX_PROFILE_OPS. */
  readonly ops: number;
}

export class Profiling {
  readonly #addon: NativeProfiling;
  readonly #modelNames: () => readonly string[];
  #isStopping = false;

  constructor(addon: NativeProfiling, modelNames: () => readonly string[]) {
    this.#addon = addon;
    this.#modelNames = modelNames;
  }

  /**
   * Resolves when the time is over, or the profile terminated. What `signal` ends is lost.
   * @throws ServingError INVALID_ARGUMENT or NOT_FOUND; ALREADY_EXISTS where another profile is open
   */
  async profile(wish: ProfileWish, signal: AbortSignal): Promise<NativeProfileData> {
    const { id, durationMillis, delayMillis, model, ops } = wish;
    checkMillis('duration_ms', durationMillis, 1);
    checkMillis('opts.start_timestamp_ns', Math.max(0, delayMillis), 0);
    if (model !== '' && !this.#modelNames().includes(model)) {
      throw new ServingError(StatusCode.NOT_FOUND, `No model is named ${JSON.stringify(model)}`, [
        {
          field: MODEL_FIELD,
          description: `got ${JSON.stringify(model)}, which is not configured`,
        },
      ]);
    }
    await this.#wait(delayMillis, signal, () => false);
    const limits = { ops: Math.min(ops || MAX_PROFILE_OPS, MAX_PROFILE_OPS), bytes: MAX_BYTES };
    const profile = this.#addon.openProfile({ id, model, ...limits });
    if (profile === null) {
      // Upstream's words; its gRPC service has the code of its profiler as INTERNAL.
      throw new ServingError(StatusCode.ALREADY_EXISTS, 'Another profiling session active.');
    }
    try {
      await this.#wait(durationMillis, signal, () => this.#addon.isTerminated(profile));
      return await this.#written(profile);
    } finally {
      this.#addon.endProfile(profile);
    }
  }

  /** Nothing happens where no profile of that id is open, as upstream. */
  terminate(id: string): void {
    this.#addon.terminateProfile(id);
  }

  /** What is open is answered now, with what it has so far. */
  stop(): void {
    this.#isStopping = true;
  }

  async #wait(millis: number, signal: AbortSignal, isOver: () => boolean): Promise<void> {
    const end = performance.now() + millis;
    for (;;) {
      signal.throwIfAborted();
      const left = end - performance.now();
      if (left <= 0 || this.#isStopping || isOver()) return;
      await new Promise((then) => setTimeout(then, Math.min(LOOK_MILLIS, Math.ceil(left))));
    }
  }

  #written(profile: NativeProfile): Promise<NativeProfileData> {
    return new Promise((resolve, reject) => {
      call<NativeProfileData>(
        (error, data) => (data === null ? reject(ServingError.from(error)) : resolve(data)),
        (slot) => this.#addon.writeProfile(slot, profile),
      );
    });
  }
}

function checkMillis(field: string, millis: number, least: number): void {
  if (millis >= least && millis <= MAX_PROFILE_MILLIS) return;
  const expected = `from ${least} to ${MAX_PROFILE_MILLIS} milliseconds`;
  const ahead = least === 0 ? ' ahead' : '';
  throw new ServingError(
    StatusCode.INVALID_ARGUMENT,
    `${field} must be ${expected}${ahead}, got ${millis}`,
    [{ field, description: `expected ${expected}${ahead}, got ${millis}` }],
  );
}

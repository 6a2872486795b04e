/**
 * WarmupRecorder: requests of a model as its clients send them, recorded by the addon in memory until there
 * are enough of them or the time is over, as the bytes of a warm-up file. Main thread.
 */
import type { NativeBinding } from '../native/binding.js';
import { ServingError, StatusCode } from '../status/serving-error.js';

/** A warm-up file of more is refused, as upstream. */
export const MAX_RECORDS = 1000;
export const MAX_SECONDS = 3600;
/** Of a file: it is held in memory, and goes out as one answer. */
const MAX_BYTES = 64 << 20;
const LOOK_MILLIS = 50;

/** What is left out or 0 is the default. */
export interface RecordingWish {
  readonly seconds?: number;
  readonly count?: number;
  /** At most so many requests of the same signature, dtypes and shapes; negative: any number. */
  readonly perShape?: number;
}

export interface Recorded {
  readonly file: Uint8Array;
  readonly records: number;
  /** Requests that came meanwhile, recorded or not. */
  readonly seen: number;
}

type Recordings = Pick<NativeBinding, 'startRecording' | 'recordingCounts' | 'endRecording'>;

export const RECORDING_DEFAULTS = { seconds: 60, count: 100, perShape: 1 };

/**
 * REQUIRES: the model is configured. Ends early where `signal` is aborted; what was recorded is lost then.
 * @throws ServingError INVALID_ARGUMENT; FAILED_PRECONDITION where the model is being recorded already
 */
export async function recordWarmup(
  addon: Recordings,
  model: string,
  wish: RecordingWish,
  signal?: AbortSignal,
): Promise<Recorded> {
  const seconds = numberOf('seconds', wish.seconds, RECORDING_DEFAULTS.seconds, MAX_SECONDS);
  const count = numberOf('count', wish.count, RECORDING_DEFAULTS.count, MAX_RECORDS);
  const perShape = Math.max(0, wish.perShape || RECORDING_DEFAULTS.perShape);
  if (!addon.startRecording(model, count, MAX_BYTES, perShape)) {
    throw new ServingError(
      StatusCode.FAILED_PRECONDITION,
      `Requests of model ${model} are being recorded already`,
    );
  }
  try {
    const end = performance.now() + seconds * 1000;
    let counts = addon.recordingCounts(model) ?? [0, 0, true];
    while (!counts[2] && performance.now() < end) {
      const left = Math.max(1, end - performance.now());
      await new Promise((then) => setTimeout(then, Math.min(LOOK_MILLIS, left)));
      signal?.throwIfAborted();
      counts = addon.recordingCounts(model) ?? counts;
    }
    const [records, seen] = addon.recordingCounts(model) ?? counts;
    return { file: addon.endRecording(model) ?? new Uint8Array(0), records, seen };
  } finally {
    addon.endRecording(model);
  }
}

function numberOf(field: string, given = 0, otherwise: number, most: number): number {
  if (given >= 0 && given <= most) return given || otherwise;
  const message = `${field} must be at most ${most}, got ${given}`;
  throw new ServingError(StatusCode.INVALID_ARGUMENT, message, [
    { field, description: `expected 1 to ${most}, got ${given}` },
  ]);
}

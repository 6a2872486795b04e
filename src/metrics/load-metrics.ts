/**
 * LoadMetrics: how loads of versions end and how long they take, and in which state each version is. Series
 * of models that are not configured any more, and of versions that were unloaded, go away. Event loop only.
 */
import { statusName, StatusCode } from '../status/serving-error.js';
import {
  exponentialLimits,
  HistogramCell,
  histogramFamily,
  type Family,
  type ScalarSample,
} from './families.js';

/** 1 ms to 524 s. */
const LOAD_LIMITS: readonly number[] = exponentialLimits(1000, 2, 20);

/** A version's state by its name in the API. */
export interface VersionState {
  readonly version: bigint;
  readonly state: string;
  /** Of the load that failed, or of its last attempt; OK where there is none. */
  readonly code: StatusCode;
}

export interface ModelStates {
  readonly name: string;
  readonly versions: readonly VersionState[];
}

interface LoadsOfModel {
  /** When those began that have not ended, by performance.now(). */
  readonly began: Map<bigint, number>;
  /** How long those took that are loaded, in microseconds. */
  readonly micros: Map<bigint, number>;
  readonly byStatus: Map<StatusCode, HistogramCell>;
}

export class LoadMetrics {
  readonly #now: () => number;
  readonly #models = new Map<string, LoadsOfModel>();

  /** `now`: milliseconds of a clock that only goes forward. */
  constructor(now = (): number => performance.now()) {
    this.#now = now;
  }

  /** A version has come to that state. */
  changed(name: string, { version, state, code }: VersionState): void {
    const loads = this.#of(name);
    if (state === 'LOADING') {
      if (!loads.began.has(version)) loads.began.set(version, this.#now());
      return;
    }
    if (state !== 'AVAILABLE') loads.micros.delete(version);
    const began = loads.began.get(version);
    if (began === undefined || (state !== 'AVAILABLE' && state !== 'END')) return;
    loads.began.delete(version);
    const micros = Math.round((this.#now() - began) * 1000);
    if (state === 'AVAILABLE') loads.micros.set(version, micros);
    const status = state === 'END' && code === StatusCode.OK ? StatusCode.CANCELLED : code;
    let cell = loads.byStatus.get(status);
    if (cell === undefined) {
      cell = new HistogramCell([name, statusName(status)], LOAD_LIMITS);
      loads.byStatus.set(status, cell);
    }
    cell.record(micros);
  }

  /** `models`: all that are configured. */
  families(models: readonly ModelStates[]): Family[] {
    const names = new Set(models.map(({ name }) => name));
    for (const [name, { began }] of this.#models) {
      if (!names.has(name) && began.size === 0) this.#models.delete(name);
    }
    const states: ScalarSample[] = [];
    const serving: ScalarSample[] = [];
    for (const { name, versions } of models) {
      let available = 0;
      for (const { version, state, code } of versions) {
        if (state === 'AVAILABLE') ++available;
        if (state === 'END' && code === StatusCode.OK) continue;
        states.push({ labelValues: [name, String(version), state, statusName(code)], value: 1 });
      }
      serving.push({ labelValues: [name], value: available });
    }
    const loads = [...this.#models].filter(([name]) => names.has(name));
    const times = loads.flatMap(([name, { micros }]) =>
      [...micros].map(([version, value]) => ({ labelValues: [name, String(version)], value })),
    );
    return [
      gauge('version_state', ['model_name', 'version', 'state', 'status'], states),
      gauge('available_versions', ['model_name'], serving),
      gauge('version_load_microseconds', ['model_name', 'version'], times),
      histogramFamily(
        '/tensorgate/load_latency',
        ['model_name', 'status'],
        LOAD_LIMITS,
        loads.flatMap(([, { byStatus }]) => [...byStatus.values()]),
      ),
    ];
  }

  #of(name: string): LoadsOfModel {
    let loads = this.#models.get(name);
    if (loads === undefined) {
      loads = { began: new Map(), micros: new Map(), byStatus: new Map() };
      this.#models.set(name, loads);
    }
    return loads;
  }
}

function gauge(name: string, labelNames: string[], samples: readonly ScalarSample[]): Family {
  return { kind: 'gauge', name: `/tensorgate/${name}`, labelNames, samples: () => samples };
}

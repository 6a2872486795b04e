/**
 * LifecycleMetrics: what is counted of loads, of warm-ups and of changes of the configuration, and by how much
 * metrics grow during a reload. Event loop only.
 */
import { statusName, StatusCode, type ServingError } from '../status/serving-error.js';
import { LATENCY_LIMITS, type Counter, type Histogram } from './families.js';
import { LoadMetrics } from './load-metrics.js';
import type { Registry } from './registry.js';

/** What the addon tells of a warm-up. */
export interface WarmupFigures {
  /** The file was read to its end or to an error in its framing; upstream counts no other. */
  readonly readThrough: boolean;
  readonly records: number;
  readonly micros: number;
  readonly failure: readonly [code: number, message: string, ...rest: unknown[]] | null;
}

export interface MetricIncrease {
  readonly name: string;
  readonly int64_value_increase: number;
}

export class LifecycleMetrics {
  readonly loads = new LoadMetrics();
  readonly #registry: Registry;
  readonly #warmupLatency: Histogram;
  readonly #warmupRecords: Counter;
  readonly #reloads: Counter;

  constructor(registry: Registry) {
    this.#registry = registry;
    const labels = ['model_path', 'status'];
    const warmup = '/tensorflow/serving/model_warmup';
    this.#warmupLatency = registry.histogram(`${warmup}_latency`, labels, LATENCY_LIMITS);
    this.#warmupRecords = registry.counter(`${warmup}_records_read`, labels);
    this.#reloads = registry.counter('/tensorgate/config_reload_count', ['status']);
  }

  /** `path` is the version's folder. */
  warmedUp(path: string, { readThrough, records, micros, failure }: WarmupFigures): void {
    if (!readThrough) return;
    const status = failure === null ? 'OK' : `${statusName(failure[0])}: ${failure[1]}`;
    this.#warmupLatency.cell(path, status).record(micros);
    this.#warmupRecords.cell(path, status).add(records);
  }

  /** Once per poll of the configuration file and per reload that a client asked for. */
  reloaded(error: ServingError | null): void {
    this.#reloads.cell(statusName(error?.code ?? StatusCode.OK)).add(1);
  }

  /** The answer tells, at the time it is called, by how much each metric has grown since now. */
  watch(names: ReadonlySet<string>): () => MetricIncrease[] {
    const before = this.#registry.firstValues(names);
    return () =>
      [...this.#registry.firstValues(names)].map(([name, value]) => ({
        name,
        int64_value_increase: value - (before.get(name) ?? 0),
      }));
  }
}

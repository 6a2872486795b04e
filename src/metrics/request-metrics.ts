/**
 * RequestMetrics: upstream's request_count and request_latency. Cells are kept per model, so that a
 * request costs a look-up and a few additions. Event loop only.
 */
import { statusName, StatusCode } from '../status/serving-error.js';
import { LATENCY_LIMITS, type Counter, type Histogram, type HistogramCell } from './families.js';
import type { Registry } from './registry.js';

/** Where requests come in, with upstream's labels `API` and `entrypoint`; the numbers are ours. */
const ENTRIES = [
  ['Predict', 'GRPC'],
  ['Classify', 'GRPC'],
  ['Regress', 'GRPC'],
  ['predict', 'REST'],
  ['classify', 'REST'],
  ['regress', 'REST'],
  ['', 'REST'],
] as const;
export const GRPC_ENTRY = { predict: 0, classify: 1, regress: 2 } as const;
/** `none`: status, metadata, OPTIONS and what is malformed. */
export const REST_ENTRY = { predict: 3, classify: 4, regress: 5, none: 6 } as const;

/** Clients choose the names that are counted; beyond these, only those of models have own cells. */
export const MAX_NAMES = 1000;
const MAX_NAME_CHARS = 1024;
export const OTHER_NAMES = '(other model names)';

interface ModelCells {
  readonly counts: ({ add(amount: number): void } | undefined)[];
  readonly latencies: (HistogramCell | undefined)[];
}

export class RequestMetrics {
  readonly #count: Counter;
  readonly #latency: Histogram;
  readonly #isModel: (name: string) => boolean;
  readonly #cells = new Map<string, ModelCells>();
  readonly #countedBefore = new Map<string, Float64Array>();
  readonly #others: ModelCells = { counts: [], latencies: [] };

  /** `isModel`: whether a name is one of the server's models. */
  constructor(registry: Registry, isModel: (name: string) => boolean) {
    this.#count = registry.counter('/tensorflow/serving/request_count', ['model_name', 'status']);
    this.#latency = registry.histogram(
      '/tensorflow/serving/request_latency',
      ['model_name', 'API', 'entrypoint'],
      LATENCY_LIMITS,
    );
    this.#isModel = isModel;
  }

  /** Once per request. `startMillis` is of performance.now(), and read only for a success. */
  ended(name: string, entry: number, code: StatusCode, startMillis: number): void {
    const cells = this.#cells.get(name) ?? this.#newCells(name);
    (cells.counts[code] ?? this.#newCount(cells, name, code)).add(1);
    if (code !== StatusCode.OK) return;
    const latency = cells.latencies[entry] ?? this.#newLatency(cells, name, entry);
    latency.record((performance.now() - startMillis) * 1000);
  }

  /**
   * Successes that were counted elsewhere, all since the process began: counts of each bucket, then the
   * sum. Whoever reads the page calls it before.
   */
  counted(name: string, entry: number, all: Float64Array): void {
    const key = `${entry} ${name}`;
    const before = this.#countedBefore.get(key);
    this.#countedBefore.set(key, all);
    const cells = this.#cells.get(name) ?? this.#newCells(name);
    const latency = cells.latencies[entry] ?? this.#newLatency(cells, name, entry);
    const buckets = all.length - 1;
    let requests = 0;
    for (let i = 0; i < buckets; ++i) {
      const more = (all[i] as number) - (before?.[i] ?? 0);
      (latency.buckets[i] as number) += more;
      requests += more;
    }
    latency.sum += (all[buckets] as number) - (before?.[buckets] ?? 0);
    if (requests === 0) return;
    (cells.counts[StatusCode.OK] ?? this.#newCount(cells, name, StatusCode.OK)).add(requests);
  }

  #newCells(name: string): ModelCells {
    const isFull = this.#cells.size >= MAX_NAMES || name.length > MAX_NAME_CHARS;
    if (isFull && !this.#isModel(name)) return this.#others;
    const cells: ModelCells = { counts: [], latencies: [] };
    this.#cells.set(name, cells);
    return cells;
  }

  #newCount(cells: ModelCells, name: string, code: StatusCode): { add(amount: number): void } {
    return (cells.counts[code] = this.#count.cell(this.#label(cells, name), statusName(code)));
  }

  #newLatency(cells: ModelCells, name: string, entry: number): HistogramCell {
    const [api, entrypoint] = ENTRIES[entry] as (typeof ENTRIES)[number];
    return (cells.latencies[entry] = this.#latency.cell(this.#label(cells, name), api, entrypoint));
  }

  #label(cells: ModelCells, name: string): string {
    return cells === this.#others ? OTHER_NAMES : name;
  }
}

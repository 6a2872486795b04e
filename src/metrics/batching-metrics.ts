/**
 * What the queues of batches count: BatchStatistics per model and signature, read when a page is asked
 * for. Upstream's metrics name neither; ours, `:tensorgate:batching_*`, do.
 */
import {
  exponentialLimits,
  HistogramCell,
  counterFamily,
  histogramFamily,
  LATENCY_LIMITS,
  type Family,
  type HistogramSample,
  type ScalarSample,
} from './families.js';

const ROW_LIMITS = exponentialLimits(1, 2, 14);
/** Sizes of batches whose padding is counted apart. */
const MOST_SIZES = 256;

export class BatchStatistics {
  /** Tasks that wait now. */
  depth = 0;
  /** Rows of each task. */
  readonly taskRows = new HistogramCell([], ROW_LIMITS);
  /** Rows of each batch, padding included. */
  readonly batchRows = new HistogramCell([], ROW_LIMITS);
  /** Rows of padding of each batch, by the rows of the batch with them. */
  readonly paddingRows = new Map<number, HistogramCell>();
  /** From enqueueing to the start of the run, in microseconds, of each task. */
  readonly waitMicros = new HistogramCell([], LATENCY_LIMITS);
  batches = 0;
  /** Tasks refused, and tasks dropped while they waited. */
  refused = 0;
  dropped = 0;

  formed(rows: number, paddedRows: number): void {
    ++this.batches;
    this.batchRows.record(paddedRows);
    let padding = this.paddingRows.get(paddedRows);
    if (padding === undefined) {
      if (this.paddingRows.size >= MOST_SIZES) return;
      padding = new HistogramCell([String(paddedRows)], ROW_LIMITS);
      this.paddingRows.set(paddedRows, padding);
    }
    padding.record(paddedRows - rows);
  }
}

/** The statistics of all queues of a model's signature, whatever the version. */
export interface QueueStatistics {
  readonly model: string;
  /** Empty: of requests that run several. */
  readonly signature: string;
  readonly statistics: BatchStatistics;
}

/** `isServed`: whether the model is one of the server's; what others had counts in upstream's sums alone. */
export function batchingFamilies(
  queues: readonly QueueStatistics[],
  isServed: (name: string) => boolean,
): Family[] {
  const all = queues.map(({ statistics }) => statistics);
  const session = '/tensorflow/serving/batching_session';
  const padding = new Map<string, HistogramSample>();
  for (const { paddingRows } of all) {
    for (const cell of paddingRows.values()) {
      const [size = ''] = cell.labelValues;
      padding.set(size, added([size], [cell, padding.get(size)]));
    }
  }
  const whole = (name: string, limits: readonly number[], cells: HistogramCell[]): Family =>
    histogramFamily(name, [], limits, cells.length === 0 ? [] : [added([], cells)]);
  return [
    whole(
      `${session}/input_batch_size`,
      ROW_LIMITS,
      all.map(({ taskRows }) => taskRows),
    ),
    whole(
      `${session}/processed_batch_size`,
      ROW_LIMITS,
      all.map(({ batchRows }) => batchRows),
    ),
    histogramFamily(`${session}/padding_size`, ['execution_batch_size'], ROW_LIMITS, [
      ...padding.values(),
    ]),
    // Upstream's server gives its thread pool no name.
    histogramFamily(
      `${session}/queuing_latency`,
      ['thread_pool_name'],
      LATENCY_LIMITS,
      all.length === 0
        ? []
        : [
            added(
              [''],
              all.map(({ waitMicros }) => waitMicros),
            ),
          ],
    ),
    counterFamily(
      `${session}/wrapped_run_count`,
      [],
      [{ labelValues: [], value: all.reduce((sum, { batches }) => sum + batches, 0) }],
    ),
    ...ownFamilies(queues.filter(({ model }) => isServed(model))),
  ];
}

function ownFamilies(queues: readonly QueueStatistics[]): Family[] {
  const own = '/tensorgate/batching';
  const labelNames = ['model_name', 'signature_name'];
  const scalars = (
    kind: 'counter' | 'gauge',
    name: string,
    value: (statistics: BatchStatistics) => number,
  ): Family => {
    const samples: ScalarSample[] = queues.map(({ model, signature, statistics }) => ({
      labelValues: [model, signature],
      value: value(statistics),
    }));
    return { kind, name: `${own}_${name}`, labelNames, samples: () => samples };
  };
  const histograms = (
    name: string,
    limits: readonly number[],
    cell: (statistics: BatchStatistics) => HistogramCell,
  ): Family =>
    histogramFamily(
      `${own}_${name}`,
      labelNames,
      limits,
      queues.map(({ model, signature, statistics }) =>
        added([model, signature], [cell(statistics)]),
      ),
    );
  return [
    scalars('gauge', 'queue_depth', ({ depth }) => depth),
    scalars('counter', 'refused_count', ({ refused }) => refused),
    scalars('counter', 'dropped_count', ({ dropped }) => dropped),
    scalars('counter', 'padding_row_count', ({ paddingRows }) =>
      [...paddingRows.values()].reduce((sum, cell) => sum + cell.sum, 0),
    ),
    histograms('batch_size', ROW_LIMITS, ({ batchRows }) => batchRows),
    histograms('queuing_latency', LATENCY_LIMITS, ({ waitMicros }) => waitMicros),
  ];
}

/** The sum of several histograms of the same limits. */
function added(labelValues: string[], cells: (HistogramSample | undefined)[]): HistogramSample {
  const buckets: number[] = [];
  let sum = 0;
  for (const cell of cells) {
    if (cell === undefined) continue;
    for (let i = 0; i < cell.buckets.length; ++i) {
      buckets[i] = (buckets[i] ?? 0) + (cell.buckets[i] ?? 0);
    }
    sum += cell.sum;
  }
  return { labelValues, buckets, sum };
}

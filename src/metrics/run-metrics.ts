/**
 * The metrics that the addon counts, per run and per load: read when a page is asked for, so that no
 * run costs JavaScript anything.
 */
import {
  counterFamily,
  exponentialLimits,
  histogramFamily,
  LATENCY_LIMITS,
  type Family,
  type HistogramSample,
  type ScalarSample,
} from './families.js';
import { poolFamilies, type RunPool } from './pool-metrics.js';

/** The count of each bucket, then the sum; null while it is empty. */
export type NativeHistogram = Float64Array | null;

/** As the addon gives it. Names and paths are those ever loaded. */
export interface RunStatistics {
  readonly models: readonly (readonly [
    name: string,
    predict: NativeHistogram,
    classify: NativeHistogram,
    regress: NativeHistogram,
    /** Per MultiInference request. */
    examples: NativeHistogram,
    /** Requests that were answered without JavaScript, from their bytes to their answers. */
    grpcPredict: NativeHistogram,
    grpcClassify: NativeHistogram,
    grpcRegress: NativeHistogram,
    restPredict: NativeHistogram,
    restClassify: NativeHistogram,
    restRegress: NativeHistogram,
  ])[];
  readonly loads: readonly (readonly [
    path: string,
    successes: number,
    failures: number,
    microseconds: number,
  ])[];
  /** Of sessions, whoever asked for them; where versions are counted. */
  readonly graphRuns: readonly [runs: number, microseconds: number];
  /** What came to OpenVINO for SavedModels, and what of it was left to TensorFlow. */
  readonly engineRuns: readonly [run: number, left: number];
  readonly runPool: RunPool;
}

const EXAMPLE_LIMITS = exponentialLimits(1, 2, 15);

export function runFamilies(statistics: RunStatistics): Family[] {
  const { models, loads, graphRuns, engineRuns, runPool } = statistics;
  const latencies: HistogramSample[] = [];
  const exampleCounts: HistogramSample[] = [];
  const exampleTotals: ScalarSample[] = [];
  for (const [name, predict, classify, regress, examples] of models) {
    const runs = [
      ['Predict', predict],
      ['Classify', classify],
      ['Regress', regress],
    ] as const;
    for (const [api, histogram] of runs) {
      // Upstream's word for the one runtime there is here.
      if (histogram !== null) latencies.push(sampleOf([name, api, 'TF1'], histogram));
    }
    if (examples === null) continue;
    const counts = sampleOf([name], examples);
    exampleCounts.push(counts);
    exampleTotals.push({ labelValues: [name], value: counts.sum });
  }
  const attempts: ScalarSample[] = [];
  const loadLatencies: ScalarSample[] = [];
  for (const [path, successes, failures, microseconds] of loads) {
    if (successes > 0) attempts.push({ labelValues: [path, 'success'], value: successes });
    if (failures > 0) attempts.push({ labelValues: [path, 'fail'], value: failures });
    loadLatencies.push({ labelValues: [path], value: microseconds });
  }
  const serving = '/tensorflow/serving';
  const savedModel = '/tensorflow/cc/saved_model';
  const [runs, runMicros] = graphRuns;
  return [
    histogramFamily(
      `${serving}/runtime_latency`,
      ['model_name', 'API', 'runtime'],
      LATENCY_LIMITS,
      latencies,
    ),
    histogramFamily(`${serving}/request_example_counts`, ['model'], EXAMPLE_LIMITS, exampleCounts),
    counterFamily(`${serving}/request_example_count_total`, ['model'], exampleTotals),
    counterFamily(`${savedModel}/load_attempt_count`, ['model_path', 'status'], attempts),
    counterFamily(`${savedModel}/load_latency`, ['model_path'], loadLatencies),
    ...poolFamilies(runPool),
    counterFamily(
      '/tensorgate/openvino_run_count',
      ['outcome'],
      [
        { labelValues: ['run'], value: engineRuns[0] },
        { labelValues: ['left'], value: engineRuns[1] },
      ],
    ),
    counterFamily('/tensorflow/core/graph_runs', [], [{ labelValues: [], value: runs }]),
    counterFamily(
      '/tensorflow/core/graph_run_time_usecs',
      [],
      [{ labelValues: [], value: runMicros }],
    ),
  ];
}

function sampleOf(labelValues: string[], native: Float64Array): HistogramSample {
  return { labelValues, buckets: native.subarray(0, -1), sum: native.at(-1) ?? 0 };
}

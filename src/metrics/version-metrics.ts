/**
 * What the addon counts of the requests of each loaded version: how long they took, in all and in each stage,
 * and how many are in flight. Whoever answered them; read when a page is asked for. The series of a version
 * go with it.
 */
import { statusName } from '../status/serving-error.js';
import {
  exponentialLimits,
  histogramFamily,
  type Family,
  type HistogramSample,
  type ScalarSample,
} from './families.js';

/** As the addon gives it: flat lists, since there may be many series. */
export interface RequestStatistics {
  /** Name, version and number of requests, of each version. */
  readonly inFlight: readonly (string | number)[];
  /** Name, version, signature, method and status code, of each series. */
  readonly labels: readonly (string | number)[];
  /** Of each series a histogram of whole requests and one of each stage: counts, then the sum. */
  readonly numbers: Float64Array;
}

/** Microseconds; binding/model/request_statistics.h has the same. */
export const STAGE_LIMITS: readonly number[] = exponentialLimits(1, 2, 26);

/** In the order of RequestStage. */
const STAGES = ['queue', 'decode', 'run', 'encode'];
/** By the numbers of Method. */
const METHODS = ['predict', 'classify', 'regress', 'multi_inference', 'session_run'];

const LABELS = ['model_name', 'version', 'signature_name', 'method', 'status'];

export function versionFamilies({ inFlight, labels, numbers }: RequestStatistics): Family[] {
  const requests: ScalarSample[] = [];
  for (let i = 0; i < inFlight.length; i += 3) {
    const [name, version, value] = inFlight.slice(i, i + 3) as [string, string, number];
    requests.push({ labelValues: [name, version], value });
  }
  const whole: HistogramSample[] = [];
  const stages: HistogramSample[] = [];
  let at = 0;
  /** The next one. */
  const addTo = (samples: HistogramSample[], labelValues: string[]): void => {
    const end = at + STAGE_LIMITS.length + 1;
    const buckets = numbers.subarray(at, end);
    at = end + 1;
    if (buckets.every((count) => count === 0)) return;
    samples.push({ labelValues, buckets, sum: numbers[end] ?? 0 });
  };
  for (let i = 0; i < labels.length; i += LABELS.length) {
    const [name, version, signature] = labels.slice(i, i + 3) as [string, string, string];
    const [method, code] = labels.slice(i + 3, i + 5) as [number, number];
    const own = [name, version, signature, METHODS[method] ?? '', statusName(code)];
    addTo(whole, own);
    for (const stage of STAGES) addTo(stages, [...own, stage]);
  }
  const prefix = '/tensorgate/request';
  return [
    {
      kind: 'gauge',
      name: `${prefix}s_in_flight`,
      labelNames: ['model_name', 'version'],
      samples: () => requests,
    },
    histogramFamily(`${prefix}_latency`, LABELS, STAGE_LIMITS, whole),
    histogramFamily(`${prefix}_stage_latency`, [...LABELS, 'stage'], STAGE_LIMITS, stages),
  ];
}

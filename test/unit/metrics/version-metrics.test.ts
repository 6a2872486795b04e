import assert from 'node:assert/strict';

import { familyText } from './family-text.js';
import { STAGE_LIMITS, versionFamilies } from '../../../src/metrics/version-metrics.js';
import { Method } from '../../../src/native/binding.js';
import { StatusCode } from '../../../src/status/serving-error.js';

/** Counts by bucket, and the sum. */
type Counted = readonly [counts: Readonly<Record<number, number>>, sum: number];
const NONE: Counted = [{}, 0];

function numbersOf(histograms: readonly Counted[]): Float64Array {
  const size = STAGE_LIMITS.length + 2;
  const numbers = new Float64Array(histograms.length * size);
  for (const [i, [counts, sum]] of histograms.entries()) {
    for (const [bucket, count] of Object.entries(counts))
      numbers[i * size + Number(bucket)] = count;
    numbers[i * size + size - 1] = sum;
  }
  return numbers;
}

describe('versionFamilies', () => {
  it('has a series for each label of the addon, and stages that were come to alone', () => {
    const { predict, sessionRun } = Method;
    const families = versionFamilies({
      inFlight: ['idle', '1', 0, 'm', '9007199254740993', 2],
      labels: [
        ...['m', '9007199254740993', 'serving_default', predict, StatusCode.OK],
        ...['m', '9007199254740993', '', sessionRun, StatusCode.UNAVAILABLE],
      ],
      numbers: numbersOf([
        ...([[{ 3: 2 }, 11], [{ 0: 2 }, 1], [{ 1: 2 }, 2.5], [{ 2: 2 }, 6], NONE] as const),
        ...([[{ 26: 1 }, 4e7], NONE, NONE, NONE, NONE] as const),
      ]),
    });
    const text = families.flatMap((family) => [...familyText(family)]).join('');
    const lines = text.split('\n');
    const own =
      'model_name="m",version="9007199254740993",signature_name="serving_default",method="predict",status="OK"';
    const refused =
      'model_name="m",version="9007199254740993",signature_name="",method="session_run",status="UNAVAILABLE"';
    const latency = ':tensorgate:request_latency';
    const stage = ':tensorgate:request_stage_latency';
    for (const line of [
      ':tensorgate:requests_in_flight{model_name="idle",version="1"} 0',
      ':tensorgate:requests_in_flight{model_name="m",version="9007199254740993"} 2',
      `${latency}_bucket{${own},le="4"} 0`,
      `${latency}_bucket{${own},le="8"} 2`,
      `${latency}_sum{${own}} 11`,
      `${latency}_bucket{${refused},le="3.35544e+07"} 0`,
      `${latency}_bucket{${refused},le="+Inf"} 1`,
      `${stage}_count{${own},stage="queue"} 2`,
      `${stage}_bucket{${own},stage="decode",le="1"} 0`,
      `${stage}_bucket{${own},stage="decode",le="2"} 2`,
      `${stage}_sum{${own},stage="decode"} 2.5`,
      `${stage}_sum{${own},stage="run"} 6`,
    ]) {
      assert.ok(lines.includes(line), line);
    }
    assert.ok(!text.includes('stage="encode"'));
    assert.ok(!text.includes('session_run",status="UNAVAILABLE",stage'));
  });
});

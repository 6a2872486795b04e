/** The bench of batching: loads of equal arrivals, ratios within a run, and the verdict drawn from them. */
import assert from 'node:assert/strict';
import { BATCHING_CASES, LOADS, SETTINGS } from '../../../bench/batching-cases.js';
import {
  batchingCharts,
  batchingTable,
  bestOf,
  failuresOf,
  verdict,
} from '../../../bench/batching-report.js';
import { type BatchingResult, inTurn, type LoadResult, loopOf } from '../../../bench/batching.js';
import type { LoadFigures } from '../../../bench/native-programs.js';
import { pairedInterval, pairedRatio } from '../../../bench/statistics.js';

function figures(rps: number, p99_us: number, errors = 0): LoadFigures {
  const rest = { requests: 1, mismatches: 0, unfinished: 0, seconds: 1, mean_us: 1 };
  return { ...rest, errors, rps, p99_us, p50_us: 1, p90_us: 1, p999_us: 1, max_us: 1 };
}

/** One run of each setting, given as [requests a second, p99 in microseconds]. */
function load(
  share: number | null,
  ...settings: readonly (readonly [number, number])[]
): LoadResult {
  const runs = settings.map(([rps, p99]) => [figures(rps, p99)]);
  return { share, rate: share === null ? null : 100 * share, runs };
}

function result(closed: LoadResult, light: LoadResult): BatchingResult {
  return { name: 'gRPC m, 16 at once', capacity: 100, loads: [closed, light] };
}

const CLOSED = load(null, [100, 9000], [200, 5000], [150, 4000], [190, 6000]);
const LIGHT = load(0.2, [20, 1000], [20, 1200], [20, 2000], [20, 1050]);

describe('loads of the batching part', () => {
  const [rest, grpc] = [BATCHING_CASES[0], BATCHING_CASES[1]];
  assert.ok(rest !== undefined && grpc !== undefined);

  it('are those of the case in the closed loop', () => {
    assert.deepEqual(loopOf(rest, null, 0, 3), { connections: 32, inFlight: 1, seconds: 3 });
  });

  it('leave room for a queue in the open loop, and draw other arrivals for each run', () => {
    const first = loopOf(grpc, 1000, 0, 3);
    assert.deepEqual(first, { connections: 1, inFlight: 256, seconds: 3, rate: 1000, seed: 1 });
    assert.equal(loopOf(grpc, 1000, 1, 3).seed, 2);
    assert.deepEqual(loopOf(rest, 1000, 0, 3).inFlight, 1);
  });

  it('begin with another setting in each run', () => {
    assert.deepEqual(inTurn(['a', 'b', 'c'], 1).flat(), [1, 'b', 2, 'c', 0, 'a']);
    assert.deepEqual(inTurn(['a', 'b', 'c'], 3).flat(), [0, 'a', 1, 'b', 2, 'c']);
  });

  it('last longer where requests are few', () => {
    assert.equal(loopOf(grpc, 50, 0, 3).seconds, 10);
  });

  it('are compared for one setting without batching and one that tunes itself', () => {
    assert.deepEqual(
      SETTINGS.map(({ kind }) => kind),
      ['off', 'fixed', 'fixed', 'auto'],
    );
    assert.ok(LOADS.includes(0.2), 'the verdict is about that load');
  });
});

describe('figures of the batching part', () => {
  it('are compared within each run, the median of the ratios counts', () => {
    const runs = [figures(10, 1), figures(100, 1), figures(30, 1)];
    const references = [figures(20, 1), figures(100, 1), figures(20, 1)];
    assert.equal(
      pairedRatio(runs, references, ({ rps }) => rps),
      1,
    );
  });

  it('tell between which of the ratios their median lies', () => {
    const interval = (count: number): readonly [number, number] =>
      pairedInterval(
        Array.from({ length: count }, (_, i) => count - i),
        new Array<number>(count).fill(1),
        (value) => value,
      );
    // As tables of the sign test have it.
    assert.deepEqual([3, 6, 9, 15, 30].map(interval), [
      [1, 3],
      [1, 6],
      [2, 8],
      [4, 12],
      [10, 21],
    ]);
  });

  it('find the best setting by throughput or by p99', () => {
    assert.equal(bestOf(CLOSED, 'fixed', 'rps')[0]?.rps, 200);
    assert.equal(bestOf(CLOSED, 'fixed', 'p99')[0]?.p99_us, 4000);
  });

  it('count every request that was not answered', () => {
    assert.equal(failuresOf([figures(1, 1, 2), { ...figures(1, 1), unfinished: 3 }]), 5);
  });

  it('show failures in the table', () => {
    const failed = { ...CLOSED, runs: [[figures(1, 1, 7)], ...CLOSED.runs.slice(1)] };
    assert.match(batchingTable(result(failed, LIGHT)), /closed loop: off \(7 FAILED\)/);
    assert.doesNotMatch(batchingTable(result(CLOSED, LIGHT)), /FAILED/);
  });

  it('say yes or no to what is wanted of auto', () => {
    assert.match(verdict(result(CLOSED, LIGHT)), /0\.95 \(.*: NO\)\n.* 1\.05 \(.*: yes\)/);
    const better = load(null, [100, 1], [200, 1], [150, 1], [198, 1]);
    const slower = load(0.2, [20, 1000], [20, 1], [20, 1], [20, 1200]);
    assert.match(verdict(result(better, slower)), /0\.99 \(.*: yes\)\n.* 1\.20 \(.*: NO\)/);
  });

  it('do not decide where the runs differ by more than is wanted', () => {
    const closed = load(null, [100, 1], [200, 1], [150, 1], [198, 1]);
    const ratios = [0.9, 0.95, 0.96, 0.96, 0.98, 1.2];
    const runs = [
      ratios.map(() => figures(100, 1)),
      ratios.map(() => figures(200, 1)),
      ratios.map(() => figures(150, 1)),
      ratios.map((ratio) => figures(200 * ratio, 1)),
    ];
    assert.match(
      verdict(result({ ...closed, runs }, LIGHT)),
      /0\.96 \(0\.90 to 1\.20\) of .*: the runs do not tell\)/,
    );
  });

  it('draw a panel for each case', () => {
    const svg = batchingCharts([result(CLOSED, LIGHT), result(CLOSED, LIGHT)]);
    assert.equal(svg.match(/>gRPC m</g)?.length, 2);
    for (const { name } of SETTINGS) assert.ok(svg.includes(`>${name}<`), name);
  });
});

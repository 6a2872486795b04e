/** The table and the picture of servers under load: ratios within a run, figures that were not measured marked. */
import assert from 'node:assert/strict';
import { SERVER_CASES } from '../../../bench/cases.js';
import { MODEL_CASES } from '../../../bench/model-cases.js';
import type { LoadFigures } from '../../../bench/native-programs.js';
import { failuresIn, serverPicture, serverTable } from '../../../bench/server-report.js';
import type { ContenderResult, ServerResult } from '../../../bench/server.js';
import { upstreamFigures } from '../../../bench/upstream-figures.js';

function server(name: string, own: boolean, rps: readonly number[], failures = 0): ContenderResult {
  const runs = rps.map((rate): LoadFigures => {
    const counts = { requests: 1, errors: 0, mismatches: failures, unfinished: 0, seconds: 1 };
    const times = { mean_us: 1, p50_us: 1, p90_us: 1, p99_us: 1, p999_us: 1, max_us: 1 };
    return { ...counts, ...times, rps: rate };
  });
  return { name, own, rps: rps[0] ?? 0, p50_us: 100, p99_us: 200, failures, runs };
}

function result(
  name: string,
  bodyBytes: number,
  servers: readonly ContenderResult[],
): ServerResult {
  const echo = server('echo (uWebSockets)', true, [40_000, 40_000]);
  const measured = servers.map((each) => ({ ...each, echo }));
  return { name, model: 'm', transport: 'rest', bodyBytes, openVino_us: [], servers: measured };
}

const HALF = 'REST half_plus_two, 32 connections';

describe('the table of servers under load', () => {
  it('has a row for each case, beside the raw loop, the echo and upstream', () => {
    const table = serverTable(
      [result(HALF, 30, [server('tensorgate', true, [20_000, 20_000])])],
      new Map([['m', 80_000]]),
    );
    const [head, , row] = table.split('\n');
    assert.match(
      head ?? '',
      / raw run +of raw run +of echo .*upstream 2.20, another machine's run$/,
    );
    assert.match(row ?? '', / 12.5 µs +0.250 +0.500 +40,000 +12,400 req\/s, p50 2.54 ms$/);
    assert.doesNotMatch(table, / server |: other/);
  });

  it('compares with another server by the median of the ratios within each run', () => {
    const own = server('frozen', true, [300, 100, 220]);
    const other = server('h:1', false, [100, 100, 110]);
    const table = serverTable([result('c', 602_000, [own, other])], new Map());
    const [head, , first, second] = table.split('\n');
    assert.match(head ?? '', /server .*tensorgate : other/);
    assert.match(first ?? '', /frozen .* 0\.181 .* 2\.00 +-$/);
    assert.match(second ?? '', /h:1 .* - +-$/);
  });

  it("shows OpenVINO's own loop, and by how much a request takes longer, run by run", () => {
    const own = server('tensorgate', true, [1, 1, 1]); // each p50 1 µs
    const timed = { ...result('c', 30, [own]), openVino_us: [0.5, 1, 0.8] };
    const [head, , row] = serverTable([timed], new Map()).split('\n');
    assert.match(head ?? '', /p50 : OpenVINO's loop/);
    assert.match(row ?? '', / 1\.25 of 0\.800 µs /);
  });

  it('shows failures of the server and of the echo', () => {
    const failed = result(HALF, 30, [server('tensorgate', true, [1], 7)]);
    const echo = server('echo', true, [1], 2);
    const broken = { ...failed, servers: failed.servers.map((each) => ({ ...each, echo })) };
    assert.match(serverTable([broken], new Map()), /connections \(7 FAILED\).* \(2 FAILED\)/);
    assert.equal(failuresIn(broken), 9);
  });
});

describe('the picture of servers under load', () => {
  it('has a group for each case and a bar for each server, the longest one full', () => {
    const servers = [server('as-saved', true, [50]), server('a<b', true, [100])];
    const svg = serverPicture([result('one', 1, servers), result('two', 1, servers)]);
    assert.equal(svg.match(/>a&lt;b</g)?.length, 2);
    const widths = [...svg.matchAll(/<rect x="\d+" y="\d+" width="([\d.]+)"/g)].map(([, w]) =>
      Number(w),
    );
    assert.equal(widths.length, 4);
    assert.equal(widths[0], (widths[1] ?? 0) / 2);
  });
});

describe("upstream's figures", () => {
  it('belong to cases that there are', () => {
    const cases = [...SERVER_CASES, ...MODEL_CASES].map(({ name }) => name);
    const known = cases.filter((name) => upstreamFigures(name) !== null);
    assert.equal(known.length, 10);
    assert.ok(known.includes('gRPC mobilenet_v2 (0.60 MB), 1 in flight'));
  });
});

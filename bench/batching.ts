/**
 * The batching part: for each case one server per setting, all of them up at once on one CPU and loaded in
 * turn from another, so that each run of every setting sees the same machine. A closed loop gives the
 * capacity; then requests arrive at random at shares of the capacity without batching, at the same times
 * for every setting.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type BatchingSetting,
  CLOSED_LOOP_RUNS,
  LIGHT_LOAD,
  LIGHT_LOAD_RUNS,
  LOADS,
  OPEN_LOOP_IN_FLIGHT,
  SETTINGS,
} from './batching-cases.js';
import { pathOf, type ServerCase } from './cases.js';
import { type LoadFigures, type LoadOptions, runLoad } from './native-programs.js';
import { fetchReply } from './one-request.js';
import { type Served, startTensorgate } from './own-server.js';
import type { ServerSettings } from './server.js';
import { median } from './statistics.js';

/** Below that, the slowest hundredth says nothing: slow models are measured for longer. */
const LEAST_REQUESTS = 500;

/** One load, with the runs of each setting in the order of SETTINGS; runs of equal index belong together. */
export interface LoadResult {
  /** Of the capacity without batching; null: the closed loop. */
  readonly share: number | null;
  /** UNITS: requests a second; null: the closed loop. */
  readonly rate: number | null;
  readonly runs: readonly (readonly LoadFigures[])[];
}

export interface BatchingResult {
  readonly name: string;
  /** UNITS: requests a second without batching. */
  readonly capacity: number;
  readonly loads: readonly LoadResult[];
}

interface Candidate {
  readonly setting: BatchingSetting;
  readonly served: Served;
}

/** `onResult` hears of each case as it ends. */
export async function measureBatching(
  cases: readonly ServerCase[],
  settings: ServerSettings,
  onResult: (result: BatchingResult) => void,
): Promise<void> {
  const files = mkdtempSync(join(tmpdir(), 'tensorgate-bench-'));
  try {
    for (const one of cases) {
      const candidates: Candidate[] = [];
      try {
        for (const setting of SETTINGS) {
          const flags = flagsOf(setting, files);
          const served = await startTensorgate(one.model, settings.cores.server, flags);
          candidates.push({ setting, served });
        }
        onResult(await measureCase(one, candidates, settings, files));
      } finally {
        for (const { served } of candidates) await served.process.stop();
      }
    }
  } finally {
    rmSync(files, { recursive: true });
  }
}

function flagsOf(setting: BatchingSetting, files: string): readonly string[] {
  const { flags } = setting;
  if (setting.parameters === null) return flags;
  const path = join(files, 'batching-parameters');
  writeFileSync(path, setting.parameters);
  return [...flags, `--batching_parameters_file=${path}`];
}

async function measureCase(
  one: ServerCase,
  candidates: readonly Candidate[],
  settings: ServerSettings,
  files: string,
): Promise<BatchingResult> {
  const body = join(files, 'body');
  const expect = join(files, 'reply');
  writeFileSync(body, one.body);
  for (const [index, { served }] of candidates.entries()) {
    const reply = await fetchReply(one, served.endpoints[one.transport]);
    if (index === 0) writeFileSync(expect, reply);
  }
  const loads: LoadResult[] = [];
  const measure = async (share: number | null, rate: number | null): Promise<LoadResult> => {
    const runs: LoadFigures[][] = candidates.map(() => []);
    for (let run = 0; run < settings.runs * runsOf(share); run++) {
      for (const [index, { served }] of inTurn(candidates, run)) {
        const figures = await runLoad(settings.cores.client, {
          protocol: one.transport === 'rest' ? 'http' : 'grpc',
          endpoint: served.endpoints[one.transport],
          path: pathOf(one.transport, one.model),
          body,
          expect,
          warmup: settings.warmup,
          ...loopOf(one, rate, run, settings.seconds),
        });
        runs[index]?.push(figures);
      }
    }
    const result = { share, rate, runs };
    loads.push(result);
    return result;
  };
  const closed = await measure(null, null);
  const capacity = median((closed.runs[0] ?? []).map(({ rps }) => rps));
  for (const share of LOADS) await measure(share, share * capacity);
  return { name: one.name, capacity, loads };
}

function runsOf(share: number | null): number {
  if (share === null) return CLOSED_LOOP_RUNS;
  return share === LIGHT_LOAD ? LIGHT_LOAD_RUNS : 1;
}

/** With their indices; each run begins with another one, so that none always follows the same. */
export function inTurn<T>(candidates: readonly T[], run: number): [index: number, candidate: T][] {
  const entries = [...candidates.entries()];
  const first = run % entries.length;
  return [...entries.slice(first), ...entries.slice(0, first)];
}

/** What differs between the closed loop and an open one; `run` seeds the arrival times. */
export function loopOf(
  { connections, inFlight, transport }: ServerCase,
  rate: number | null,
  run: number,
  seconds: number,
): Pick<LoadOptions, 'connections' | 'inFlight' | 'seconds' | 'rate' | 'seed'> {
  if (rate === null) return { connections, inFlight, seconds };
  const open =
    transport === 'rest'
      ? { connections: OPEN_LOOP_IN_FLIGHT, inFlight: 1 }
      : { connections: 1, inFlight: OPEN_LOOP_IN_FLIGHT };
  return { ...open, seconds: Math.max(seconds, LEAST_REQUESTS / rate), rate, seed: run + 1 };
}

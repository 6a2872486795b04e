/**
 * The whole server under load: tensorgate in each variant and an echo on the same transport, all pinned to
 * one CPU and loaded in turn from another; where there is one, a server that runs already, too. Each run
 * of a case loads them right after one another, so that all see the same machine; the figures are
 * medians over the runs.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BenchModel, pathOf, type ServerCase, type Transport } from './cases.js';
import type { Cores } from './cores.js';
import { type Echo, startEcho } from './echo.js';
import type { Endpoint } from './endpoint.js';
import { type LoadFigures, runLoad } from './native-programs.js';
import { fetchReply } from './one-request.js';
import { endpointFor, type OtherServer } from './other-server.js';
import { type Served, startTensorgate } from './own-server.js';
import { median } from './statistics.js';
import { takesPart, type Variant } from './variants.js';

export interface ServerSettings {
  readonly cores: Cores;
  readonly runs: number;
  readonly seconds: number;
  readonly warmup: number;
}

/** Who is loaded in a run beside the echo. */
export interface Contenders {
  readonly variants: readonly Variant[];
  readonly other: OtherServer | null;
}

/** What one server did in one case. */
export interface ContenderResult {
  readonly name: string;
  /** False for --against. */
  readonly own: boolean;
  readonly rps: number;
  readonly p50_us: number;
  readonly p99_us: number;
  /** Errors and mismatches of all runs together; anything but 0 makes the figures worthless. */
  readonly failures: number;
  readonly runs: readonly LoadFigures[];
}

export interface ServerResult {
  readonly name: string;
  readonly model: string;
  readonly transport: Transport;
  readonly bodyBytes: number;
  readonly echo: ContenderResult;
  readonly servers: readonly ContenderResult[];
}

/** One server to load, and the reply it has to give. */
interface Target {
  readonly name: string;
  readonly own: boolean;
  readonly endpoint: Endpoint;
  readonly reply: string;
}

/** `onResult` hears of each case as it ends; cases that no contender can serve are left out. */
export async function measureServer(
  cases: readonly ServerCase[],
  { variants, other }: Contenders,
  settings: ServerSettings,
  onResult: (result: ServerResult) => void,
): Promise<void> {
  const files = mkdtempSync(join(tmpdir(), 'tensorgate-bench-'));
  const own: Served[] = [];
  try {
    for (const model of new Set(cases.map((one) => one.model))) {
      for (const variant of variants) {
        own.push(await startTensorgate(model, settings.cores.server, variant.flags));
      }
      for (const one of cases.filter((candidate) => candidate.model === model)) {
        const targets = ownTargets(one, variants, own, files);
        const endpoint = other && (await endpointFor(other, one.transport, model.name));
        if (other !== null && endpoint !== null) {
          targets.push({ name: other.name, own: false, endpoint, reply: join(files, 'other') });
        }
        if (targets.length > 0) onResult(await measureCase(one, targets, settings, files));
      }
      await stopAll(own);
    }
  } finally {
    await stopAll(own);
    rmSync(files, { recursive: true });
  }
}

function ownTargets(
  one: ServerCase,
  variants: readonly Variant[],
  own: readonly Served[],
  files: string,
): Target[] {
  return variants.flatMap((variant, index) => {
    const endpoint = own[index]?.endpoints[one.transport];
    if (endpoint === undefined || !takesPart(variant, one)) return [];
    return [{ name: variant.name, own: true, endpoint, reply: join(files, `own${index}`) }];
  });
}

async function stopAll(servers: Served[]): Promise<void> {
  for (const { process } of servers.splice(0)) await process.stop();
}

async function measureCase(
  one: ServerCase,
  targets: readonly Target[],
  settings: ServerSettings,
  files: string,
): Promise<ServerResult> {
  const body = join(files, 'body');
  writeFileSync(body, one.body);
  for (const { endpoint, reply } of targets) {
    writeFileSync(reply, await fetchReply(one, endpoint));
  }
  const echo = await startEcho(one, targets[0]?.reply ?? '', settings.cores.server);
  const all = [echoTarget(echo), ...targets];
  const runs: LoadFigures[][] = all.map(() => []);
  try {
    for (let run = 0; run < settings.runs; run++) {
      for (const [index, { endpoint, reply }] of all.entries()) {
        const figures = await runLoad(settings.cores.client, {
          protocol: one.transport === 'rest' ? 'http' : 'grpc',
          endpoint,
          path: pathOf(one.transport, one.model),
          connections: one.connections,
          inFlight: one.inFlight,
          body,
          expect: reply,
          seconds: settings.seconds,
          warmup: settings.warmup,
        });
        runs[index]?.push(figures);
      }
    }
  } finally {
    await echo.process.stop();
  }
  const [ofEcho, ...servers] = all.map((target, index) => summary(target, runs[index] ?? []));
  if (ofEcho === undefined) throw new RangeError('no echo');
  const { name, model, transport } = one;
  const bodyBytes = one.body.length;
  return { name, model: model.name, transport, bodyBytes, echo: ofEcho, servers };
}

function echoTarget({ name, endpoint, reply }: Echo): Target {
  return { name, own: true, endpoint, reply };
}

function summary({ name, own }: Target, runs: readonly LoadFigures[]): ContenderResult {
  const middle = (figure: (run: LoadFigures) => number): number => median(runs.map(figure));
  return {
    name,
    own,
    rps: middle(({ rps }) => rps),
    p50_us: middle(({ p50_us }) => p50_us),
    p99_us: middle(({ p99_us }) => p99_us),
    failures: runs.reduce((sum, { errors, mismatches }) => sum + errors + mismatches, 0),
    runs,
  };
}

/** The models of the cases, each once. */
export function modelsOf(cases: readonly ServerCase[]): readonly BenchModel[] {
  return [...new Set(cases.map(({ model }) => model))];
}

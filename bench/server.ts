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
import { type Echo, ECHOES, echoFor, type EchoKind, startEcho } from './echo.js';
import type { Endpoint } from './endpoint.js';
import { type LoadFigures, runLoad, runOpenVino } from './native-programs.js';
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
  /** Path of its C library, to time the models in a loop of its own; null: not to. */
  readonly openVino: string | null;
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

export interface MeasuredServer extends ContenderResult {
  /** That of its transport, loaded in the same runs. */
  readonly echo: ContenderResult;
}

export interface ServerResult {
  readonly name: string;
  readonly model: string;
  readonly transport: Transport;
  readonly bodyBytes: number;
  /** UNITS: microseconds of OpenVINO's own loop, in each run; empty: it was not asked for. */
  readonly openVino_us: readonly number[];
  readonly servers: readonly MeasuredServer[];
}

/** One server to load, and the reply it has to give. */
interface Target {
  readonly name: string;
  readonly own: boolean;
  readonly endpoint: Endpoint;
  readonly reply: string;
  readonly echo: EchoKind;
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
          const echo = echoFor(one, null);
          const reply = join(files, 'other');
          targets.push({ name: other.name, own: false, endpoint, reply, echo });
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
    const reply = join(files, `own${index}`);
    return [{ name: variant.name, own: true, endpoint, reply, echo: echoFor(one, variant) }];
  });
}

async function stopAll(servers: Served[]): Promise<void> {
  for (const { process } of servers.splice(0)) await process.stop();
}

type Loaded = Echo | Target;

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
  const echoes: Echo[] = [];
  const runs = new Map<Loaded, LoadFigures[]>();
  const openVino_us: number[] = [];
  try {
    for (const kind of new Set(targets.map(({ echo }) => echo))) {
      const reply = targets[0]?.reply ?? '';
      echoes.push(await startEcho(kind, one, reply, settings.cores.server));
    }
    for (let run = 0; run < settings.runs; run++) {
      if (settings.openVino !== null) {
        openVino_us.push(
          await runOpenVino(settings.cores.server, settings.openVino, one.model, settings.seconds),
        );
      }
      for (const loaded of [...echoes, ...targets]) {
        const figures = await runLoad(settings.cores.client, {
          protocol: one.transport === 'rest' ? 'http' : 'grpc',
          endpoint: loaded.endpoint,
          path: pathOf(one.transport, one.model),
          connections: one.connections,
          inFlight: one.inFlight,
          body,
          expect: loaded.reply,
          seconds: settings.seconds,
          warmup: settings.warmup,
        });
        runs.set(loaded, [...(runs.get(loaded) ?? []), figures]);
      }
    }
  } finally {
    for (const { process } of echoes) await process.stop();
  }
  const servers = targets.map((target): MeasuredServer => {
    const echo = echoes.find(({ kind }) => kind === target.echo);
    if (echo === undefined) throw new RangeError('no echo');
    return {
      ...summary(target.name, target.own, runs.get(target) ?? []),
      echo: summary(ECHOES[echo.kind], true, runs.get(echo) ?? []),
    };
  });
  const { name, model, transport } = one;
  const bodyBytes = one.body.length;
  return { name, model: model.name, transport, bodyBytes, openVino_us, servers };
}

function summary(name: string, own: boolean, runs: readonly LoadFigures[]): ContenderResult {
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

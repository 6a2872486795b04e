/**
 * The scaling part: how throughput grows with replicas, a process on each core, and with I/O threads of one server,
 * a core for each. Where the machine has too few cores for servers and load, a point is what the processor time
 * of a request allows, and marked so.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HALF_PLUS_TWO, pathOf, SERVER_CASES, type ServerCase, type Transport } from './cases.js';
import { type LoadFigures, runLoad } from './native-programs.js';
import { fetchReply } from './one-request.js';
import { type Served, startTensorgate } from './own-server.js';
import { formatCount, formatTable } from './report.js';
import { fitScalingLaw, mostUseful, rateOf, type ScalingLaw } from './scaling-law.js';
import type { ServerSettings } from './server.js';
import { median } from './statistics.js';

const WAYS = ['replicas', 'io_threads'] as const;
const TRANSPORTS: readonly Transport[] = ['rest', 'grpc'];
/** Of each server core: so many that threads share them evenly, and none waits for a client. */
const CONNECTIONS = { rest: 64, grpc: 16 };
const IN_FLIGHT = { rest: 1, grpc: 8 };
/** For which the law is worked out. */
const ASKED = [2, 4, 8, 16, 32, 64] as const;
/** Of the load, beside that of the servers: serving small models costs more than asking. */
const SERVERS_TO_LOAD = 2;

/** Of a core's time, from where on a server has all that it can get. */
const FULL = 0.9;

export interface ScalingCores {
  /** For the servers, in the order in which they are taken. */
  readonly servers: readonly number[];
  /** For the load; with `overlap` the last of the servers' is one of them. */
  readonly load: readonly number[];
}

/** `most`: server cores; null: two thirds of all. */
export function scalingCores(allowed: readonly number[], most: number | null): ScalingCores {
  const [only = 0] = allowed;
  if (allowed.length < 2) return { servers: [only], load: [only] };
  const usual = Math.max(1, Math.floor((allowed.length * SERVERS_TO_LOAD) / (SERVERS_TO_LOAD + 1)));
  // With two cores there is one for servers; the second point is by processor time.
  const count = Math.min(allowed.length, most ?? Math.max(2, usual));
  const load = allowed.slice(Math.min(count, allowed.length - 1));
  return { servers: allowed.slice(0, count), load };
}

export interface ScalingFigures {
  readonly way: (typeof WAYS)[number];
  readonly transport: Transport;
  readonly servers: number;
  /** The load had cores of its own. */
  readonly apart: boolean;
  /** Medians over the runs. */
  readonly rps: number;
  /** UNITS: processor time of all servers for a request. */
  readonly cpu_us: number;
  /** The same of the one thread that had the most: what it cannot do, more cores do not help. */
  readonly busiest_us: number;
  /** Of the time of the server cores: 1 is all of it. */
  readonly busy: number;
  readonly failures: number;
}

interface Round {
  readonly rps: number;
  readonly cpu_us: number;
  readonly busiest_us: number;
  readonly busy: number;
  readonly failures: number;
}

export async function measureScaling(
  cores: ScalingCores,
  only: string,
  settings: ServerSettings,
  print: (text: string) => void,
): Promise<ScalingFigures[]> {
  const files = mkdtempSync(join(tmpdir(), 'bench-scaling-'));
  const all: ScalingFigures[] = [];
  try {
    for (const way of WAYS) {
      const transports = TRANSPORTS.filter((transport) => `${way} ${transport}`.includes(only));
      if (transports.length === 0) continue;
      const steps = await startSteps(way, cores.servers);
      try {
        for (const transport of transports) {
          const figures = await measureWay({ way, transport, steps, cores, files }, settings);
          print(`\n${scalingTable(figures)}\n${scalingText(figures)}`);
          all.push(...figures);
        }
      } finally {
        for (const server of new Set(steps.flat())) await server.process.stop();
      }
    }
  } finally {
    rmSync(files, { recursive: true });
  }
  return all;
}

/** The servers of each step: 1, 2, … replicas on a core each, or one server on 1, 2, … cores. */
async function startSteps(
  way: (typeof WAYS)[number],
  cores: readonly number[],
): Promise<readonly Served[][]> {
  if (way === 'io_threads') {
    const servers: Served[][] = [];
    for (let n = 1; n <= cores.length; ++n) {
      const flags = [`--io_threads=${n}`];
      servers.push([await startTensorgate(HALF_PLUS_TWO, cores.slice(0, n), flags)]);
    }
    return servers;
  }
  const replicas: Served[] = [];
  for (const core of cores) {
    replicas.push(await startTensorgate(HALF_PLUS_TWO, core, ['--io_threads=1']));
  }
  return replicas.map((_, i) => replicas.slice(0, i + 1));
}

interface Measured {
  readonly way: (typeof WAYS)[number];
  readonly transport: Transport;
  readonly steps: readonly Served[][];
  readonly cores: ScalingCores;
  readonly files: string;
}

/** The steps in turn within each run, so that what else the machine does meets all of them. */
async function measureWay(
  { way, transport, steps, cores, files }: Measured,
  settings: ServerSettings,
): Promise<ScalingFigures[]> {
  const one = SERVER_CASES.find(
    (each) => each.model === HALF_PLUS_TWO && each.transport === transport,
  );
  const first = steps[0]?.[0];
  if (one === undefined || first === undefined) throw new RangeError('nothing to measure');
  const [body, reply] = [join(files, 'body'), join(files, 'reply')];
  writeFileSync(body, one.body);
  writeFileSync(reply, await fetchReply(one, first.endpoints[transport]));
  const rounds: Round[][] = steps.map(() => []);
  for (let run = 0; run < settings.runs; ++run) {
    for (const [i, servers] of steps.entries()) {
      rounds[i]?.push(await measureStep(one, servers, i + 1, cores, { body, reply }, settings));
    }
  }
  return rounds.map((runs, i) => {
    const middle = (figure: (round: Round) => number): number => median(runs.map(figure));
    const taken = cores.servers.slice(0, i + 1);
    return {
      way,
      transport,
      servers: i + 1,
      apart: !taken.some((core) => cores.load.includes(core)),
      rps: middle(({ rps }) => rps),
      cpu_us: middle(({ cpu_us }) => cpu_us),
      busiest_us: middle(({ busiest_us }) => busiest_us),
      busy: middle(({ busy }) => busy),
      failures: runs.reduce((sum, { failures }) => sum + failures, 0),
    };
  });
}

/** A load generator for each server core, in turn on the cores of the load. */
async function measureStep(
  one: ServerCase,
  servers: readonly Served[],
  count: number,
  { load }: ScalingCores,
  { body, reply }: { readonly body: string; readonly reply: string },
  { seconds, warmup }: ServerSettings,
): Promise<Round> {
  const { transport } = one;
  const before = servers.map(({ process }) => process.processorTime());
  const began = performance.now();
  const figures: LoadFigures[] = await Promise.all(
    Array.from({ length: count }, (_, i) =>
      runLoad(load[i % load.length] ?? 0, {
        protocol: transport === 'rest' ? 'http' : 'grpc',
        endpoint: (servers[i % servers.length] as Served).endpoints[transport],
        path: pathOf(transport, one.model),
        connections: CONNECTIONS[transport],
        inFlight: IN_FLIGHT[transport],
        body,
        expect: reply,
        seconds,
        warmup,
      }),
    ),
  );
  const elapsed = (performance.now() - began) / 1000;
  const spent = servers.map(({ process }, i) => {
    const after = process.processorTime();
    const threads = [...after.threads].map(
      ([id, time]) => time - (before[i]?.threads.get(id) ?? 0),
    );
    return { all: after.all - (before[i]?.all ?? 0), busiest: Math.max(...threads) };
  });
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  const rps = sum(figures.map((each) => each.rps));
  const processorTime = sum(spent.map(({ all }) => all));
  // The warm-up's requests cost, too, and are not in the figures.
  const requests = rps * (seconds + warmup);
  return {
    rps,
    cpu_us: (1e6 * processorTime) / requests,
    busiest_us: (1e6 * Math.max(...spent.map(({ busiest }) => busiest))) / requests,
    busy: processorTime / (elapsed * count),
    failures: sum(figures.map(({ errors, mismatches }) => errors + mismatches)),
  };
}

/** What the servers would give with cores of their own. */
function ownRate({ apart, rps, servers, cpu_us }: ScalingFigures): number {
  return apart ? rps : (servers * 1e6) / cpu_us;
}

function lawOf(figures: readonly ScalingFigures[]): ScalingLaw | null {
  // Of one unit throughout: where one point is by processor time, all are.
  const mixed = figures.some(({ apart }) => !apart);
  return fitScalingLaw(
    figures.map((each) => ({
      servers: each.servers,
      rate: ownRate(mixed ? { ...each, apart: false } : each),
    })),
  );
}

export function scalingTable(figures: readonly ScalingFigures[]): string {
  const head = ['way', 'N', 'req/s', 'cores busy', 'CPU a request', 'N / CPU', 'busiest thread'];
  const rows = figures.map((each) => [
    `${each.way}, ${each.transport === 'rest' ? 'REST' : 'gRPC'}`,
    String(each.servers),
    `${formatCount(each.rps)}${each.apart ? '' : ' *'}`,
    `${Math.round(100 * each.busy)} %`,
    `${each.cpu_us.toFixed(2)} µs`,
    formatCount((each.servers * 1e6) / each.cpu_us),
    formatCount(1e6 / each.busiest_us),
  ]);
  return formatTable([head, ...rows]);
}

export function scalingText(figures: readonly ScalingFigures[]): string {
  const lines = [];
  if (figures.some(({ apart }) => !apart)) {
    lines.push(
      '* the load had the same core: what N cores give is N / CPU, if nothing else stands in the way',
    );
  }
  const least = Math.min(...figures.map(({ apart, busy }) => (apart ? busy : 1)));
  if (least < FULL) {
    const percent = Math.round(100 * least);
    lines.push(
      `the servers' own cores were ${percent} % busy: the load, or who else is on this machine, was the limit`,
    );
  }
  const law = lawOf(figures);
  if (law !== null) {
    const percent = (share: number): string => `${(100 * share).toPrecision(3)} %`;
    const most = mostUseful(law);
    lines.push(
      `serial part ${percent(law.serial)}, crosstalk ${percent(law.crosstalk)}; by that, times one: ` +
        ASKED.map((n) => `${n}: ${(rateOf(law, n) / law.rate).toPrecision(3)}`).join(', ') +
        (most === Infinity ? '' : `; more than ${most} make it slower`),
    );
  }
  return lines.join('\n');
}

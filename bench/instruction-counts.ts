/**
 * The regression gate: how many instructions the codec takes for its small cases, counted by valgrind's
 * callgrind. Counts repeat where times do not, so they are compared with a baseline that is checked in:
 * bench/instruction-counts.json, by what was counted (compiler, C library, architecture). A count is the
 * difference of two runs with unequal iterations: start-up and the making of the case cancel out.
 */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { formatTable } from './report.js';

const run = promisify(execFile);

/** A count may grow by that share: compilers of one major version differ a little. */
export const TOLERANCE = 0.03;
const TIMEOUT_MS = 60_000;
const RENEW = 'npm run bench -- instructions --update';

/** Instructions for one iteration, by case. */
export type Counts = Readonly<Record<string, number>>;
/** By combination, "gcc 12, glibc 2.36, x86_64". */
export type Baselines = Readonly<Record<string, Counts>>;

export interface Comparison {
  /** One for each count that grew too much, or that has no counterpart. */
  readonly problems: readonly string[];
  readonly table: string;
}

/** What codec_micro --describe prints. */
interface Description {
  readonly combination: string;
  readonly cases: readonly { readonly name: string; readonly iterations: number }[];
}

export interface GateOptions {
  readonly update?: boolean;
  readonly print: (text: string) => void;
  /** Builds the program; only called where it is going to be run. */
  readonly build?: () => void;
  readonly program?: string;
  readonly valgrind?: string;
  readonly baselineFile?: string;
}

export interface GateResult {
  readonly passed: boolean;
  /** Why nothing was compared; null: it was. */
  readonly skipped: string | null;
  readonly problems: readonly string[];
}

/** Seen from dist/bench/. */
function inRepository(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

/** Counts, and compares with the baseline of this combination or, to update, becomes it. */
export async function runInstructions({
  update = false,
  print,
  build = () => {},
  program = inRepository('build/bench/bench/native/codec_micro'),
  valgrind = 'valgrind',
  baselineFile = inRepository('bench/instruction-counts.json'),
}: GateOptions): Promise<GateResult> {
  const installed = await run(valgrind, ['--version']).then(
    () => true,
    () => false,
  );
  if (!installed) {
    return skip(`no ${valgrind}; on Debian and Ubuntu: apt-get install valgrind`, print);
  }
  build();
  const baselines = JSON.parse(readFileSync(baselineFile, 'utf8')) as Baselines;
  const described = await run(program, ['--describe']);
  const { combination, cases } = JSON.parse(described.stdout) as Description;
  const baseline = baselines[combination];
  if (baseline === undefined && !update) {
    return skip(`no baseline for ${combination}; to make one: ${RENEW}`, print);
  }
  const counts: Record<string, number> = {};
  for (const { name, iterations } of cases) {
    const once = await count(valgrind, program, name, 1);
    const often = await count(valgrind, program, name, 1 + iterations);
    counts[name] = Math.round((often - once) / iterations);
  }
  if (update) {
    const renewed = Object.entries({ ...baselines, [combination]: counts }).sort();
    writeFileSync(baselineFile, `${JSON.stringify(Object.fromEntries(renewed), null, 2)}\n`);
    print(`written: ${baselineFile}`);
  }
  const { problems, table } = compareCounts(counts, update ? counts : (baseline ?? {}));
  print(`${combination}\n${table}`);
  return { passed: problems.length === 0, skipped: null, problems };
}

export function compareCounts(counts: Counts, baseline: Counts): Comparison {
  const names = [...new Set([...Object.keys(counts), ...Object.keys(baseline)])];
  const problems: string[] = [];
  const rows = names.map((name) => {
    const [now, before] = [counts[name], baseline[name]];
    const growth = now === undefined || before === undefined ? NaN : now / before - 1;
    if (Number.isNaN(growth)) {
      problems.push(`${name}: ${now === undefined ? 'gone' : 'new'}; to renew: ${RENEW}`);
    } else if ((now ?? 0) > (before ?? 0) * (1 + TOLERANCE)) {
      problems.push(
        `${name}: ${now} instructions, ${percent(growth)} beside the baseline's ${before}; ` +
          `where that is wanted: ${RENEW}`,
      );
    }
    return [name, show(now), show(before), Number.isNaN(growth) ? '-' : percent(growth)];
  });
  const head = ['instructions an iteration', 'now', 'baseline', 'change'];
  return { problems, table: formatTable([head, ...rows]) };
}

/** The choice of memcpy depends on the CPU; without AVX it is the same on all of an architecture. */
const SAME_EVERYWHERE = [
  'glibc.cpu.hwcaps=-AVX2_Usable,-AVX2,-AVX512F,-AVX512VL,-AVX_Fast_Unaligned_Load,-ERMS',
  'glibc.cpu.x86_non_temporal_threshold=0x4000000',
].join(':');

async function count(
  valgrind: string,
  program: string,
  name: string,
  iterations: number,
): Promise<number> {
  const args = ['--tool=callgrind', '--callgrind-out-file=/dev/null', program];
  const { stderr } = await run(
    valgrind,
    [...args, `--case=${name}`, `--iterations=${iterations}`],
    {
      timeout: TIMEOUT_MS,
      env: { ...process.env, GLIBC_TUNABLES: SAME_EVERYWHERE },
    },
  );
  const collected = /Collected : (\d+)/.exec(stderr)?.[1];
  if (collected === undefined) throw new Error(`callgrind counted nothing:\n${stderr}`);
  return Number(collected);
}

function skip(reason: string, print: (text: string) => void): GateResult {
  print(`instruction counts: skipped: ${reason}`);
  return { passed: true, skipped: reason, problems: [] };
}

function percent(share: number): string {
  return `${share >= 0 ? '+' : ''}${(100 * share).toFixed(1)} %`;
}

function show(value: number | undefined): string {
  return value === undefined ? '-' : value.toLocaleString('en-US');
}

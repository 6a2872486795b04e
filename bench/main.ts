/**
 * The bench: bare TF_SessionRun, the codec, single native calls, then the whole server under load
 * beside an echo on the same transport. Prints tables, writes bench/results/<date>.json.
 *   npm run bench -- [--runs=3] [--seconds=5] [--warmup=1] [--only=TEXT] [--part=micro|server]
 * Settings of batching are compared only when asked for; that also draws their curves, to
 * bench/results/<date>.svg and where --picture says:
 *   npm run bench -- --part=batching [--picture=FILE.svg]
 * Exits with 1 when any reply under load was wrong.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { BATCHING_CASES } from './batching-cases.js';
import { batchingCharts, batchingTable, failuresOf, verdict } from './batching-report.js';
import { type BatchingResult, measureBatching } from './batching.js';
import { grpcBody, restBody, SERVER_CASES } from './cases.js';
import { chooseCores } from './cores.js';
import type { MicroResult } from './micro.js';
import { type CodecFigures, runCodec, runRawSession } from './native-programs.js';
import { runForJson } from './processes.js';
import {
  formatCount,
  formatMicros,
  formatRatio,
  formatTable,
  machineFacts,
  packageVersion,
  writeResults,
} from './report.js';
import { measureServer, type ServerResult } from './server.js';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const MICRO_SECONDS = 1;

interface NamedCodecFigures extends CodecFigures {
  readonly name: string;
}

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '5' },
    warmup: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    part: { type: 'string', default: 'all' },
    picture: { type: 'string' },
  },
});
if (!['all', 'micro', 'server', 'batching'].includes(values.part)) {
  throw new Error(`--part is micro, server, batching or all, not ${values.part}`);
}
const withBatching = values.part === 'batching';
const date = new Date();
const cores = chooseCores();
const isAsked = ({ name }: { readonly name: string }): boolean => name.includes(values.only);
const cases = withBatching ? [] : SERVER_CASES.filter(isAsked);
if (cores.shared) print('Only one CPU: server and client share it, all figures are lower bounds.');
const models = new Set(cases.map((one) => one.model));
const settings = {
  cores,
  runs: Number(values.runs),
  seconds: Number(values.seconds),
  warmup: Number(values.warmup),
};

const rawRuns = await measureRawRuns();
const withMicro = values.part === 'all' || values.part === 'micro';
const codec = withMicro ? await measureCodec() : [];
const micro = withMicro ? await measureMicro() : [];
const served = values.part === 'micro' || withBatching ? [] : await measureServed();
const batching = withBatching ? await measureSettings() : [];

const path = writeResults(join(REPOSITORY, 'bench', 'results'), date, {
  date: date.toISOString(),
  version: packageVersion(REPOSITORY),
  machine: machineFacts(REPOSITORY),
  cores,
  settings: values,
  rawRuns: Object.fromEntries(rawRuns),
  codec,
  micro,
  server: served,
  batching,
});
print(`\nwritten: ${path}`);
if (withBatching) {
  for (const picture of [path.replace(/json$/, 'svg'), values.picture ?? '']) {
    if (picture !== '') writeFileSync(picture, batchingCharts(batching));
  }
}
const wrong = [
  ...served.map(({ failures }) => failures),
  ...batching.flatMap(({ loads }) => loads.flatMap(({ runs }) => runs.map(failuresOf))),
];
if (wrong.some((failures) => failures > 0)) process.exitCode = 1;

/** Runs per second by model name; the denominator of every "of raw run". */
async function measureRawRuns(): Promise<Map<string, number>> {
  const runs = new Map<string, number>();
  for (const model of models) {
    runs.set(model.name, await runRawSession(cores.server, model, 2 * MICRO_SECONDS));
  }
  if (runs.size === 0) return runs;
  const rows = [...runs].map(([name, rate]) => [name, formatCount(rate), formatMicros(1e6 / rate)]);
  print(`\n${formatTable([['bare TF_SessionRun', 'runs/s', 'mean'], ...rows])}`);
  return runs;
}

async function measureCodec(): Promise<NamedCodecFigures[]> {
  const figures: NamedCodecFigures[] = [];
  const files = mkdtempSync(join(tmpdir(), 'tensorgate-bench-'));
  try {
    for (const model of models) {
      // codec_micro takes the one input of the request for "x".
      const named = { ...model, input: 'x' };
      for (const format of ['json', 'proto'] as const) {
        const body = join(files, `${model.name}.${format}`);
        writeFileSync(body, format === 'json' ? restBody(named) : grpcBody(named, 'content'));
        const measured = await runCodec(cores.server, format, body, MICRO_SECONDS);
        figures.push({ name: `${model.name} ${format}`, ...measured });
      }
    }
  } finally {
    rmSync(files, { recursive: true });
  }
  const rows = figures.map(({ name, body_bytes, decode_us, encode_us }) => [
    name,
    body_bytes.toLocaleString('en-US'),
    formatMicros(decode_us),
    formatMicros(encode_us),
  ]);
  print(formatTable([['native codec', 'bytes', 'decode', 'encode'], ...rows]));
  return figures;
}

async function measureMicro(): Promise<MicroResult[]> {
  const results = await runForJson<MicroResult[]>(cores.server, [
    process.execPath,
    fileURLToPath(new URL('micro.js', import.meta.url)),
    `--seconds=${MICRO_SECONDS}`,
    `--models=${[...models].map(({ name }) => name).join(',')}`,
  ]);
  const rows = results.map(({ name, runsModel, opsPerSecond, mean_us, rme }) => [
    name,
    formatCount(opsPerSecond),
    formatMicros(mean_us),
    `±${rme.toFixed(1)} %`,
    runsModel ? formatRatio(opsPerSecond, rawRuns.get(name.split(':')[0] ?? '') ?? null) : '-',
  ]);
  print(formatTable([['native call', 'ops/s', 'mean', '', 'of raw run'], ...rows]));
  return results;
}

async function measureServed(): Promise<ServerResult[]> {
  const results: ServerResult[] = [];
  await measureServer(cases, settings, (result) => {
    results.push(result);
    print(`measured ${result.name}: ${formatCount(result.rps)} req/s`);
  });
  const rows = results.map((result) => [
    result.failures === 0 ? result.name : `${result.name} (${result.failures} FAILED)`,
    formatCount(result.rps),
    formatMicros(result.p50_us),
    formatMicros(result.p99_us),
    formatRatio(result.rps, rawRuns.get(result.model) ?? null),
    formatRatio(result.rps, result.echoRps),
    formatCount(result.echoRps),
  ]);
  const head = ['case', 'req/s', 'p50', 'p99', 'of raw run', 'of echo', 'echo req/s'];
  print(`\n${formatTable([head, ...rows])}`);
  return results;
}

async function measureSettings(): Promise<BatchingResult[]> {
  const results: BatchingResult[] = [];
  await measureBatching(BATCHING_CASES.filter(isAsked), settings, (result) => {
    results.push(result);
    print(`\n${batchingTable(result)}`);
  });
  print(results.map(verdict).join('\n'));
  return results;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

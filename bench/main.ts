/**
 * The bench, once all is set up (scripts/bench.mjs): runs the parts that the command line names, prints
 * their tables, writes bench/results/<date>.json and pictures beside it.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BATCHING_CASES } from './batching-cases.js';
import { batchingCharts, batchingTable, failuresOf, verdict } from './batching-report.js';
import { type BatchingResult, measureBatching } from './batching.js';
import { SERVER_CASES, type ServerCase } from './cases.js';
import { HELP, parseCommandLine, type PartName } from './command-line.js';
import { allowedCpus, chooseCores } from './cores.js';
import { type Footprint, FOOTPRINT_CASE, footprintTable, measureFootprint } from './footprint.js';
import { runInstructions } from './instruction-counts.js';
import { LOADED_TOGETHER, MODEL_CASES } from './model-cases.js';
import { measureCodec, measureRawRuns, measureSingleCalls } from './native-parts.js';
import { checkReachable, findOtherServer, type OtherServer } from './other-server.js';
import { modelConfig } from './own-server.js';
import { formatCount, machineFacts, packageVersion, writeResults } from './report.js';
import { failuresIn, serverPicture, serverTable } from './server-report.js';
import { measureServer, modelsOf, type ServerResult } from './server.js';
import { measureScaling, scalingCores } from './scaling.js';
import { measureTables } from './tables.js';
import { measurePipelines } from './pipelines.js';
import { variantsOf } from './variants.js';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));

const options = parseCommandLine(process.argv.slice(2)) ?? help();
const { parts, only, runs, seconds, warmup } = options;
const date = new Date();
const cores = chooseCores();
const openVino = options.openVinoLoop ? (process.env['TENSORGATE_BENCH_OPENVINO'] ?? null) : null;
const settings = { cores, runs, seconds, warmup, openVino };
const variants = options.withOwn ? variantsOf(options) : [];
const other = options.against === null ? null : await reachable(options.against);
const isAsked = ({ name }: { readonly name: string }): boolean => name.includes(only);

const rawRuns = new Map<string, number>();
const results: Record<string, unknown> = {};
const pictures = new Map<PartName, string>();
let failures = 0;

const RUN: Record<PartName, () => Promise<void>> = {
  micro: runMicro,
  single: runSingle,
  server: runServer,
  models: runModels,
  batching: runBatching,
  tables: runTables,
  pipelines: runPipelines,
  scaling: runScaling,
  instructions: async () => {
    const verdict = await runInstructions({ update: options.update, print });
    if (!verdict.passed) failures += 1;
  },
};

if (cores.shared) print('Only one CPU: server and client share it, all figures are lower bounds.');
for (const name of parts) await RUN[name]();

if (Object.keys(results).length > 0) {
  const path = writeResults(join(REPOSITORY, 'bench', 'results'), date, {
    date: date.toISOString(),
    version: packageVersion(REPOSITORY),
    machine: machineFacts(REPOSITORY),
    cores,
    settings: options,
    rawRuns: Object.fromEntries(rawRuns),
    ...results,
  });
  print(`\nwritten: ${path}`);
  for (const [name, picture] of pictures) {
    for (const file of [path.replace(/json$/, `${name}.svg`), options.picture]) {
      if (file === null) continue;
      writeFileSync(file, picture);
      print(`written: ${file}`);
    }
  }
}
if (failures > 0) process.exitCode = 1;

async function reachable(against: string): Promise<OtherServer> {
  try {
    const found = await findOtherServer(against);
    await checkReachable(found);
    print(
      `${against} runs where you started it: on CPU ${cores.server} of this machine and idle otherwise, ` +
        'it meets what tensorgate meets',
    );
    return found;
  } catch (error) {
    print(error instanceof Error ? error.message : String(error));
    process.exit(1);
  }
}

function help(): never {
  process.stdout.write(HELP);
  process.exit(0);
}

/** Those of them that were not run yet. */
async function runRaw(cases: readonly ServerCase[]): Promise<void> {
  const models = modelsOf(cases).filter(({ name }) => !rawRuns.has(name));
  if (models.length === 0) return;
  const { runs: measured, table } = await measureRawRuns(cores.server, models);
  for (const [name, rate] of measured) rawRuns.set(name, rate);
  print(`\n${table}`);
}

async function runMicro(): Promise<void> {
  const { figures, table } = await measureCodec(
    cores.server,
    modelsOf(SERVER_CASES.filter(isAsked)),
  );
  results.codec = figures;
  print(`\n${table}`);
}

async function runSingle(): Promise<void> {
  const cases = SERVER_CASES.filter(isAsked);
  await runRaw(cases);
  const models = modelsOf(cases);
  const { results: single, table } = await measureSingleCalls(cores.server, models, rawRuns);
  results.single = single;
  print(table);
}

async function runServer(): Promise<void> {
  await runCases('server', SERVER_CASES.filter(isAsked));
}

async function runModels(): Promise<void> {
  // For a server to compare with, see docs/bench.md.
  const config = join(REPOSITORY, 'build', 'bench-models', 'models.config');
  writeFileSync(config, modelConfig(modelsOf([...SERVER_CASES, ...MODEL_CASES])));
  const cases = MODEL_CASES.filter(isAsked);
  if (cases.length > 0 || !isAsked(FOOTPRINT_CASE)) await runCases('models', cases);
  if (!isAsked(FOOTPRINT_CASE)) return;
  const footprints: Footprint[] = [];
  for (const variant of variants) {
    footprints.push(await measureFootprint(variant, LOADED_TOGETHER, settings));
  }
  if (footprints.length === 0) return;
  results.footprints = footprints;
  print(footprintTable(footprints, LOADED_TOGETHER));
}

async function runCases(part: 'server' | 'models', cases: readonly ServerCase[]): Promise<void> {
  if (cases.length === 0) {
    print(`${part}: no case has "${only}" in its name`);
    return;
  }
  await runRaw(cases);
  const served: ServerResult[] = [];
  await measureServer(cases, { variants, other }, settings, (result) => {
    served.push(result);
    for (const { name, rps } of result.servers) {
      print(`measured ${result.name}: ${name}: ${formatCount(rps)} req/s`);
    }
    failures += failuresIn(result);
  });
  if (served.length === 0) {
    print(`${part}: no server has the models of the cases`);
    return;
  }
  results[part] = served;
  pictures.set(part, serverPicture(served));
  print(`\n${serverTable(served, rawRuns)}`);
}

async function runBatching(): Promise<void> {
  const measured: BatchingResult[] = [];
  await measureBatching(BATCHING_CASES.filter(isAsked), settings, (result) => {
    measured.push(result);
    print(`\n${batchingTable(result)}`);
    failures += result.loads
      .flatMap((load) => load.runs.map(failuresOf))
      .reduce((a, b) => a + b, 0);
  });
  print(measured.map(verdict).join('\n'));
  results.batching = measured;
  pictures.set('batching', batchingCharts(measured));
}

async function runTables(): Promise<void> {
  const folder = join(REPOSITORY, 'build', 'bench-models', 'tables');
  const { figures, table } = await measureTables(cores.server, folder, settings);
  results.tables = figures;
  print(`\n${table}`);
}

async function runPipelines(): Promise<void> {
  const folder = join(REPOSITORY, 'test', 'models');
  const { figures, table } = await measurePipelines(cores.server, folder, settings);
  results.pipelines = figures;
  print(`\n${table}`);
}

async function runScaling(): Promise<void> {
  const figures = await measureScaling(
    scalingCores(allowedCpus(), options.most),
    only,
    settings,
    print,
  );
  results.scaling = figures;
  failures += figures.reduce((sum, each) => sum + each.failures, 0);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

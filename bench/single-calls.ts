/**
 * The part single: native calls as JavaScript makes them, timed with benchmark.js. Started
 * by native-parts.ts as a process of its own, pinned like the server; prints one JSON array.
 * Run as: node single-calls.js --seconds=1 --models=half_plus_two,keras_mlp
 */
import { parseArgs } from 'node:util';
import Benchmark from 'benchmark';
import { addon } from '../src/native/addon.js';
import { SavedModel } from '../src/native/saved-model.js';
import { Method } from '../src/native/values.js';
import { type BenchModel, grpcBody, restBody, SERVER_CASES } from './cases.js';

export interface SingleCallResult {
  readonly name: string;
  /** The call runs the model, so its rate can be compared with the bare session loop. */
  readonly runsModel: boolean;
  readonly opsPerSecond: number;
  readonly mean_us: number;
  /** Relative margin of error in percent, as benchmark.js estimates it. */
  readonly rme: number;
}

/** One thing to time. Calls that the addon answers later are timed up to their answer. */
type SingleCall =
  | { readonly name: string; readonly sync: () => void }
  | { readonly name: string; readonly answered: (done: (error: Error | null) => void) => void };

/** THE LIST: one line per native call worth watching. */
function casesFor(model: BenchModel, loaded: SavedModel): SingleCall[] {
  const json = restBody(model);
  const proto = grpcBody(model, model.values.length > 1000 ? 'content' : 'values');
  const native = addon();
  return [
    {
      name: `${model.name}: read ModelSpec`,
      sync: () => void native.readModelSpec(proto, Method.predict),
    },
    { name: `${model.name}: check JSON`, sync: () => void native.checkJson(json, Method.predict) },
    {
      name: `${model.name}: predict proto (decode, run, encode)`,
      answered: (done) => loaded.inferProto(Method.predict, proto, 0, false, done),
    },
    {
      name: `${model.name}: predict JSON (decode, run, encode)`,
      answered: (done) => loaded.inferJson(Method.predict, json, 0, done),
    },
  ];
}

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '1' },
    models: { type: 'string', default: '' },
  },
});

const results: SingleCallResult[] = [];
addon().configure(1, 4096, 1, 0);
const wanted = values.models.split(',');
for (const model of new Set(SERVER_CASES.map((one) => one.model))) {
  if (!wanted.includes(model.name)) continue;
  const loaded = await SavedModel.load({
    name: model.name,
    version: BigInt(model.version),
    path: `${model.basePath}/${model.version}`,
    tags: ['serve'],
    configProto: Uint8Array.of(0x10, 1, 0x28, 1), // one intra-op and one inter-op thread
    runInCallerThread: true,
    checkMethodNames: false,
  });
  for (const one of casesFor(model, loaded)) {
    results.push(await measure(one, Number(values.seconds)));
  }
  await loaded.unload();
}
process.stdout.write(`${JSON.stringify(results)}\n`);

async function measure(one: SingleCall, seconds: number): Promise<SingleCallResult> {
  const options = { maxTime: seconds, minSamples: 5, async: true };
  const benchmark =
    'sync' in one
      ? new Benchmark(one.name, one.sync, options)
      : new Benchmark(one.name, deferred(one.answered), { ...options, defer: true });
  const complete = new Promise<void>((resolve, reject) => {
    benchmark.on('complete', () => resolve());
    benchmark.on('error', () => reject(new Error(`${one.name}: ${String(benchmark.error)}`)));
  });
  benchmark.run({ async: true });
  await complete;
  const { hz, stats } = benchmark;
  return {
    name: one.name,
    runsModel: 'answered' in one,
    opsPerSecond: hz,
    mean_us: stats.mean * 1e6,
    rme: stats.rme,
  };
}

function deferred(
  answered: (done: (error: Error | null) => void) => void,
): (deferral: { resolve(): void }) => void {
  return (deferral) => {
    answered((error) => {
      if (error !== null) throw error;
      deferral.resolve();
    });
  };
}

/** The command line of the bench: which parts, how long, which servers. Refuses what it does not know. */
import { parseArgs } from 'node:util';

interface PartFacts {
  readonly what: string;
  /** Runs when no part is named. */
  readonly byDefault: boolean;
  /** The native programs of bench/ that it needs. */
  readonly programs: readonly string[];
  /** Needs models that TensorFlow for Python makes: build/bench-models. */
  readonly makesModels: boolean;
  readonly draws: boolean;
}

const SERVED = { programs: ['loadgen', 'raw_run'], draws: true };
const PARTS = {
  micro: part('the native codec by itself', true, { programs: ['codec_micro'] }),
  single: part('single native calls, as JavaScript makes them', true, { programs: ['raw_run'] }),
  server: part('the whole server under load, small models', true, SERVED),
  models: part('the same with Keras models of real size; memory and cold start', false, {
    ...SERVED,
    makesModels: true,
  }),
  batching: part('settings of batching under load; 20 minutes', false, {
    ...SERVED,
    makesModels: true,
  }),
  tables: part('a lookup table beside the SavedModel that does the same', false, {
    programs: ['table_run'],
    makesModels: true,
  }),
  pipelines: part('a pipeline of three models beside three requests of them', false, {}),
  scaling: part('how throughput grows with replicas and with I/O threads', false, {
    programs: ['loadgen'],
  }),
  instructions: part('instruction counts of the codec, as npm run check compares them', false, {
    programs: ['codec_micro'],
  }),
} as const satisfies Record<string, PartFacts>;

export type PartName = keyof typeof PARTS;
export const PART_NAMES = Object.keys(PARTS) as readonly PartName[];
const DEFAULT_PARTS = PART_NAMES.filter((name) => PARTS[name].byDefault);

export interface BenchOptions {
  readonly parts: readonly PartName[];
  readonly runs: number;
  /** UNITS: seconds, of each load and before each. */
  readonly seconds: number;
  readonly warmup: number;
  /** Cases whose name holds this text. */
  readonly only: string;
  /** A further file for the picture; null: none. */
  readonly picture: string | null;
  readonly plans: readonly string[];
  readonly transports: readonly string[];
  readonly serverFlags: readonly string[];
  /** gRPC and REST address of another server; null: there is none. */
  readonly against: string | null;
  readonly withOwn: boolean;
  /** Also times OpenVINO in a bare loop. */
  readonly openVinoLoop: boolean;
  readonly update: boolean;
  /** Cores for servers, part scaling; null: as many as leave enough for the load. */
  readonly most: number | null;
}

export const HELP = `usage: npm run bench -- [PART ...] [options]

Parts; without one: ${DEFAULT_PARTS.join(', ')}
${PART_NAMES.map((name) => `  ${name.padEnd(13)} ${PARTS[name].what}`).join('\n')}

Options
  --runs=3 --seconds=5         of each case; figures are medians over the runs
  --warmup=S                   before each; a quarter of --seconds, at most 1
  --without=PART,...           leaves these parts out
  --only=TEXT                  cases whose name holds the text
  --picture=FILE.svg           the picture of the part goes there too
Servers under test, parts server and models; each combination is one
  --plan=as-saved,frozen,auto  servers with --plan
  --transport=grpc-js,native   servers with --grpc_transport
  --server_flags='--a --b=1'   servers with these flags; may be given again
  --against=HOST:PORT[,HOST:PORT]
                               loads another server too: its gRPC and REST port (either may be
                               left empty). It may be on another machine: load only your own
  --against_only               loads that one alone
  --openvino_loop              times the models in OpenVINO's own loop, too, in the same runs
Part scaling
  --most=N                     cores for servers, the others are the load's; two thirds of all
Part instructions
  --update                     takes the counts as the new baseline

Tables go to stdout, figures to bench/results/<date>.json, pictures beside them. docs/bench.md
says what is measured and how. Exits with 1 when any reply under load was wrong.
`;

/** Throws an Error whose text is for the person at the keyboard; null: help was asked for. */
export function parseCommandLine(args: readonly string[]): BenchOptions | null {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      help: { type: 'boolean', default: false },
      part: { type: 'string', multiple: true, default: [] },
      without: { type: 'string', multiple: true, default: [] },
      runs: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '5' },
      warmup: { type: 'string' },
      only: { type: 'string', default: '' },
      picture: { type: 'string' },
      plan: { type: 'string', default: '' },
      transport: { type: 'string', default: '' },
      server_flags: { type: 'string', multiple: true, default: [] },
      against: { type: 'string' },
      against_only: { type: 'boolean', default: false },
      openvino_loop: { type: 'boolean', default: false },
      update: { type: 'boolean', default: false },
      most: { type: 'string' },
    },
  });
  if (values.help) return null;
  const without = partsOf(values.without.flatMap(list), []);
  const parts = partsOf([...positionals, ...values.part.flatMap(list)], DEFAULT_PARTS).filter(
    (name) => !without.includes(name),
  );
  const drawing = parts.filter((name) => PARTS[name].draws);
  if (values.picture !== undefined && drawing.length !== 1) {
    throw new Error(`--picture needs one part that draws, not ${drawing.length}`);
  }
  if (values.against_only && values.against === undefined) {
    throw new Error('--against_only needs --against');
  }
  const seconds = number('seconds', values.seconds, 0.01);
  return {
    parts,
    runs: Math.ceil(number('runs', values.runs, 1)),
    seconds,
    warmup: number('warmup', values.warmup ?? String(Math.min(1, seconds / 4)), 0),
    only: values.only,
    picture: values.picture ?? null,
    plans: list(values.plan),
    transports: list(values.transport),
    serverFlags: values.server_flags,
    against: values.against ?? null,
    withOwn: !values.against_only,
    openVinoLoop: values.openvino_loop,
    update: values.update,
    most: values.most === undefined ? null : Math.floor(number('most', values.most, 1)),
  };
}

/** What has to be there before the parts run. */
export function needsOf(parts: readonly PartName[]): {
  readonly programs: readonly string[];
  readonly modelsFor: readonly PartName[];
  /** Something runs TensorFlow or the addon. */
  readonly addon: boolean;
} {
  return {
    programs: [...new Set(parts.flatMap((name) => PARTS[name].programs))],
    modelsFor: parts.filter((name) => PARTS[name].makesModels),
    addon: parts.some((name) => name !== 'instructions'),
  };
}

/** In the order they run, each once. */
function partsOf(asked: readonly string[], otherwise: readonly PartName[]): readonly PartName[] {
  const unknown = asked.find((name) => name !== 'all' && !(PART_NAMES as string[]).includes(name));
  if (unknown !== undefined) {
    throw new Error(`no part ${unknown}; there are ${PART_NAMES.join(', ')}`);
  }
  if (asked.length === 0) return otherwise;
  return PART_NAMES.filter(
    (name) => asked.includes(name) || (asked.includes('all') && DEFAULT_PARTS.includes(name)),
  );
}

function part(
  what: string,
  byDefault: boolean,
  { programs, makesModels = false, draws = false }: Partial<PartFacts>,
): PartFacts {
  return { what, byDefault, programs: programs ?? [], makesModels, draws };
}

function list(text: string): string[] {
  return text.split(',').filter((item) => item !== '');
}

function number(option: string, text: string, least: number): number {
  const value = Number(text);
  if (text === '' || !(value >= least)) {
    throw new Error(`--${option} is a number from ${least} on, not ${text}`);
  }
  return value;
}

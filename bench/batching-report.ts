/**
 * What the figures of the batching part say: medians, ratios between settings, the table, the verdict on
 * auto, and the charts. A ratio is the median of the ratios within each run, where both settings saw the
 * same machine.
 */
import { LIGHT_LOAD, SETTINGS, type BatchingSetting } from './batching-cases.js';
import type { BatchingResult, LoadResult } from './batching.js';
import type { LoadFigures } from './native-programs.js';
import { formatCount, formatMicros, formatTable } from './report.js';
import { median, pairedInterval, pairedRatio } from './statistics.js';
import { type Panel, renderCharts } from './svg-chart.js';

type Figure = (figures: LoadFigures) => number;

const rps: Figure = (figures) => figures.rps;
const p50: Figure = (figures) => figures.p50_us;
const p99: Figure = (figures) => figures.p99_us;

/** What auto must reach: of the best fixed setting's throughput, and at most of p99 without batching. */
const WANTED_THROUGHPUT = 0.97;
const WANTED_P99 = 1.1;

const COLOURS = ['#808080', '#e69f00', '#56b4e9', '#d5006d'];

export function middle(runs: readonly LoadFigures[], figure: Figure): number {
  return median(runs.map(figure));
}

/** The runs of the best of the settings of a kind: the highest throughput, or the lowest p99. */
export function bestOf(
  load: LoadResult,
  kind: BatchingSetting['kind'],
  figure: 'rps' | 'p99',
): readonly LoadFigures[] {
  const rank = (runs: readonly LoadFigures[]): number =>
    figure === 'rps' ? -middle(runs, rps) : middle(runs, p99);
  const [best] = load.runs
    .filter((_, index) => SETTINGS[index]?.kind === kind)
    .sort((a, b) => rank(a) - rank(b));
  if (best === undefined) throw new RangeError(`no setting of kind ${kind}`);
  return best;
}

/** Requests that were not answered as they should; anything but 0 makes the figures worthless. */
export function failuresOf(runs: readonly LoadFigures[]): number {
  return runs.reduce((sum, run) => sum + run.errors + run.mismatches + run.unfinished, 0);
}

export function batchingTable({ name, loads }: BatchingResult): string {
  const head = [
    name,
    'req/s',
    'of off',
    'of best fixed',
    'p50',
    'p99',
    'p99 of off',
    'of best fixed',
  ];
  const rows = loads.flatMap((load) => {
    const off = bestOf(load, 'off', 'rps');
    const fastest = bestOf(load, 'fixed', 'rps');
    const promptest = bestOf(load, 'fixed', 'p99');
    return load.runs.map((runs, index) => {
      const failures = failuresOf(runs);
      return [
        `${loadName(load)}: ${SETTINGS[index]?.name}${failures > 0 ? ` (${failures} FAILED)` : ''}`,
        formatCount(middle(runs, rps)),
        pairedRatio(runs, off, rps).toFixed(2),
        pairedRatio(runs, fastest, rps).toFixed(2),
        formatMicros(middle(runs, p50)),
        formatMicros(middle(runs, p99)),
        pairedRatio(runs, off, p99).toFixed(2),
        pairedRatio(runs, promptest, p99).toFixed(2),
      ];
    });
  });
  return formatTable([head, ...rows]);
}

/** Two lines: what was wanted of auto, what it reached, between which values that is, and whether it is enough. */
export function verdict({ name, loads }: BatchingResult): string {
  const closed = loads.find(({ share }) => share === null);
  const light = loads.find(({ share }) => share === LIGHT_LOAD);
  if (closed === undefined || light === undefined)
    throw new RangeError(`${name}: a load is missing`);
  const throughput = compare(
    bestOf(closed, 'auto', 'rps'),
    bestOf(closed, 'fixed', 'rps'),
    rps,
    (ratio) => ratio >= WANTED_THROUGHPUT,
  );
  const latency = compare(
    bestOf(light, 'auto', 'p99'),
    bestOf(light, 'off', 'p99'),
    p99,
    (ratio) => ratio <= WANTED_P99,
  );
  return (
    `${name}: auto's throughput is ${throughput.text} of the best fixed setting's ` +
    `(${WANTED_THROUGHPUT} or more: ${throughput.answer})\n` +
    `${name}: auto's p99 at ${percent(LIGHT_LOAD)} load is ${latency.text} of that without ` +
    `batching (${WANTED_P99} or less: ${latency.answer})`
  );
}

function compare(
  runs: readonly LoadFigures[],
  references: readonly LoadFigures[],
  figure: Figure,
  isEnough: (ratio: number) => boolean,
): { text: string; answer: string } {
  const ratio = pairedRatio(runs, references, figure);
  const interval = pairedInterval(runs, references, figure);
  const text = `${ratio.toFixed(2)} (${interval.map((end) => end.toFixed(2)).join(' to ')})`;
  if (isEnough(ratio)) return { text, answer: 'yes' };
  return { text, answer: interval.some(isEnough) ? 'the runs do not tell' : 'NO' };
}

/** One chart per case: p99 over the offered load, a line for each setting. */
export function batchingCharts(results: readonly BatchingResult[]): string {
  const panels = results.map(({ name, capacity, loads }): Panel => {
    const open = loads.filter(({ share }) => share !== null);
    return {
      title: name.replace(/,.*/, ''),
      subtitle: `100 % = ${formatCount(capacity)} req/s`,
      series: SETTINGS.map((setting, index) => ({
        name: setting.name,
        colour: COLOURS[index] ?? '#000000',
        points: open.map(({ share, runs }) => ({
          x: 100 * (share ?? 0),
          y: middle(runs[index] ?? [], p99) / 1000,
        })),
      })),
    };
  });
  return renderCharts(panels, {
    xLabel: 'offered load, % of the capacity without batching',
    yLabel: 'p99 latency, ms',
  });
}

function loadName({ share }: LoadResult): string {
  return share === null ? 'closed loop' : percent(share);
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

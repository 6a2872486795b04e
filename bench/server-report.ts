/** What the figures of the server and models parts say: the table and the picture. */
import { formatCount, formatMicros, formatRatio, formatTable } from './report.js';
import type { ContenderResult, MeasuredServer, ServerResult } from './server.js';
import { median, pairedRatio } from './statistics.js';
import { type BarGroup, renderBars } from './svg-bars.js';
import { upstreamFigures } from './upstream-figures.js';

/** Requests below carry too little for their bytes to say anything. */
const LARGE_BODY = 100_000;

const COLOURS = ['#d5006d', '#56b4e9', '#e69f00', '#009e73', '#cc79a7', '#0072b2'];
const OTHER_COLOUR = '#808080';

interface Column {
  readonly head: string;
  readonly cell: (result: ServerResult, server: MeasuredServer) => string;
}

/** `rawRuns`: runs a second of the bare session loop, by model. */
export function serverTable(
  results: readonly ServerResult[],
  rawRuns: ReadonlyMap<string, number>,
): string {
  const all = results.flatMap(({ servers }) => servers);
  const compared = results.some(({ servers }) => new Set(servers.map(({ own }) => own)).size > 1);
  const columns: Column[] = [
    { head: 'case', cell: ({ name }, server) => named(name, server) },
    ...(new Set(all.map(({ name }) => name)).size > 1
      ? [{ head: 'server', cell: (_: ServerResult, { name }: ContenderResult) => name }]
      : []),
    { head: 'req/s', cell: (_, { rps }) => formatCount(rps) },
    { head: 'p50', cell: (_, { p50_us }) => formatMicros(p50_us) },
    { head: 'p99', cell: (_, { p99_us }) => formatMicros(p99_us) },
    { head: 'GB/s in', cell: gigabytes },
    { head: 'raw run', cell: ({ model }) => rawTime(rawRuns.get(model)) },
    {
      head: 'of raw run',
      cell: ({ model }, { rps }) => formatRatio(rps, rawRuns.get(model) ?? null),
    },
    ...(results.some(({ openVino_us }) => openVino_us.length > 0)
      ? [{ head: "p50 : OpenVINO's loop", cell: againstOpenVino }]
      : []),
    { head: 'of echo', cell: (_, server) => ratio(server, server.echo) },
    { head: 'echo req/s', cell: (_, { echo }) => named(formatCount(echo.rps), echo) },
    ...(compared ? [{ head: 'tensorgate : other', cell: againstOther }] : []),
    { head: "upstream 2.20, another machine's run", cell: upstream },
  ];
  const rows = results.flatMap((result) =>
    result.servers.map((server) => columns.map(({ cell }) => cell(result, server))),
  );
  return formatTable([columns.map(({ head }) => head), ...rows]);
}

/** Requests a second of every server, a group of bars for each case. */
export function serverPicture(results: readonly ServerResult[]): string {
  const names = [...new Set(results.flatMap(({ servers }) => servers.map(({ name }) => name)))];
  const groups = results.map(({ name, servers }): BarGroup => ({
    title: name,
    bars: servers.map((server) => ({
      name: server.name,
      value: server.rps,
      label: named(`${formatCount(server.rps)} req/s, p50 ${formatMicros(server.p50_us)}`, server),
      colour: server.own
        ? (COLOURS[names.indexOf(server.name) % COLOURS.length] ?? OTHER_COLOUR)
        : OTHER_COLOUR,
    })),
  }));
  return renderBars(groups, 'requests per second; each case has a scale of its own');
}

/** Anything but 0 makes the figures worthless. */
export function failuresIn({ servers }: ServerResult): number {
  return servers.reduce((sum, { failures, echo }) => sum + failures + echo.failures, 0);
}

function named(text: string, { failures }: ContenderResult): string {
  return failures === 0 ? text : `${text} (${failures} FAILED)`;
}

function gigabytes({ bodyBytes }: ServerResult, { rps }: ContenderResult): string {
  return bodyBytes < LARGE_BODY ? '-' : ((bodyBytes * rps) / 1e9).toPrecision(3);
}

function rawTime(runsPerSecond: number | undefined): string {
  return runsPerSecond === undefined ? '-' : formatMicros(1e6 / runsPerSecond);
}

function ratio(server: ContenderResult, reference: ContenderResult): string {
  return pairedRatio(server.runs, reference.runs, ({ rps }) => rps).toPrecision(3);
}

/** One request at a time: what it takes more than the bare run of its model. */
function againstOpenVino({ openVino_us }: ServerResult, { runs }: ContenderResult): string {
  if (openVino_us.length === 0) return '-';
  const within = median(runs.map(({ p50_us }, run) => p50_us / (openVino_us[run] ?? NaN)));
  return `${within.toPrecision(3)} of ${formatMicros(median(openVino_us))}`;
}

function againstOther({ servers }: ServerResult, server: ContenderResult): string {
  const other = servers.find(({ own }) => !own);
  return other === undefined || !server.own ? '-' : ratio(server, other);
}

function upstream({ name }: ServerResult): string {
  const figures = upstreamFigures(name);
  if (figures === null) return '-';
  const p50 = figures.p50_us === null ? '' : `, p50 ${formatMicros(figures.p50_us)}`;
  return `${formatCount(figures.rps)} req/s${p50}`;
}

/** What a live run tells: latencies in quiet and while something goes on, failures, growth. */
import { formatCount, formatMicros, formatRatio, formatTable } from '../../bench/report.js';
import type { StreamFigures } from './streams.js';

const QUANTILES = [
  ['p50', 'p50_us'],
  ['p90', 'p90_us'],
  ['p99', 'p99_us'],
  ['p99.9', 'p999_us'],
] as const;
const MAX_FAILURES = 10;

/** `busy` is named by `what`; both are in the order of the streams. */
export function latencyTable(
  quiet: readonly StreamFigures[],
  what: string,
  busy: readonly StreamFigures[],
): string {
  const head = ['stream', 'req/s', 'requests', 'failed'];
  for (const [name] of QUANTILES) head.push(`${name} quiet`, what, 'ratio');
  const rows = busy.map((figures, i) => {
    const { stream, rps, requests, failed } = figures;
    const row = [stream.name, formatCount(rps), formatCount(requests + failed), String(failed)];
    const before = quiet[i];
    for (const [, key] of QUANTILES) {
      row.push(before === undefined ? '-' : formatMicros(before[key]), formatMicros(figures[key]));
      row.push(formatRatio(figures[key], before?.[key] ?? null));
    }
    return row;
  });
  return formatTable([head, ...rows]);
}

/** A line for each stream. */
export function streamTable(streams: readonly StreamFigures[]): string {
  const rows = streams.map((figures) => [
    figures.stream.name,
    formatCount(figures.requests),
    String(figures.failed),
    formatMicros(figures.p50_us),
    formatMicros(figures.p99_us),
    formatMicros(figures.max_us),
  ]);
  return formatTable([['stream', 'answered', 'failed', 'p50', 'p99', 'most'], ...rows]);
}

export function failedOf(figures: readonly StreamFigures[]): number {
  return figures.reduce((sum, { failed }) => sum + failed, 0);
}

/** Empty where nothing failed; otherwise the first failures, as the clients and the server told them. */
export function failureText(figures: readonly StreamFigures[], log: string): string {
  if (failedOf(figures) === 0) return '';
  const told = log.split('\n').filter((line) => line.includes('"msg":"request failed"'));
  return [
    `${failedOf(figures)} requests failed:`,
    ...figures.flatMap(({ failures }) => failures).slice(0, MAX_FAILURES),
    'by the log of the server:',
    ...told.slice(0, MAX_FAILURES),
  ].join('\n');
}

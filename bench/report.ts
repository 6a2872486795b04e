/** How results are shown and kept: aligned tables, and a JSON file with what the machine was. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';

/** First row is the head; the first column is aligned left, the others right. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const lines = rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column === 0 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  '),
  );
  lines.splice(1, 0, widths.map((width) => '-'.repeat(width)).join('  '));
  return `${lines.join('\n')}\n`;
}

/** 12,345 and 1.23: whole numbers from 100 on, three digits below. */
export function formatCount(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3);
}

/** UNITS: in microseconds, out with the unit that reads best. */
export function formatMicros(micros: number): string {
  if (micros >= 1e6) return `${(micros / 1e6).toFixed(2)} s`;
  return micros >= 1000 ? `${(micros / 1000).toFixed(2)} ms` : `${micros.toPrecision(3)} µs`;
}

/** "-" where there is nothing to compare with. */
export function formatRatio(value: number, reference: number | null): string {
  return reference === null || reference === 0 ? '-' : (value / reference).toPrecision(3);
}

export interface MachineFacts {
  readonly cpu: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  readonly node: string;
  readonly commit: string | null;
  readonly loadAverage: readonly number[];
}

export function machineFacts(repository: string): MachineFacts {
  const all = cpus();
  return {
    cpu: all[0]?.model.trim() ?? 'unknown',
    cpus: all.length,
    memoryBytes: totalmem(),
    kernel: release(),
    node: process.version,
    commit: commitOf(repository),
    loadAverage: loadavg(),
  };
}

function commitOf(repository: string): string | null {
  try {
    const git = ['describe', '--always', '--dirty', '--abbrev=12'];
    return execFileSync('git', git, { cwd: repository, stdio: ['ignore', 'pipe', 'ignore'] })
      .toString()
      .trim();
  } catch {
    return null; // an unpacked archive has no history
  }
}

export function packageVersion(repository: string): string {
  const text = readFileSync(join(repository, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** Returns the path written: <folder>/<date and time>.json. */
export function writeResults(folder: string, date: Date, results: unknown): string {
  mkdirSync(folder, { recursive: true });
  const name = date
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(':', '-');
  const path = join(folder, `${name}.json`);
  writeFileSync(path, `${JSON.stringify(results, null, 2)}\n`);
  return path;
}

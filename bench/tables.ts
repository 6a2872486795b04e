/**
 * The tables part: a lookup table beside the SavedModel with a StaticHashTable and a Gather that does the same,
 * in one process on one CPU, in turn. scripts/bench_tables.py makes both.
 */
import { join } from 'node:path';
import { runTable, type TableFigures } from './native-programs.js';
import { formatCount, formatRatio, formatTable } from './report.js';
import type { ServerSettings } from './server.js';

const KEYS_OF_A_LOOKUP = [1, 32, 1000] as const;

export interface NamedTableFigures extends TableFigures {
  readonly keys: number;
}

/** `folder` has what scripts/bench_tables.py made. */
export async function measureTables(
  core: number,
  folder: string,
  { runs, seconds }: ServerSettings,
): Promise<{ figures: NamedTableFigures[]; table: string }> {
  const figures: NamedTableFigures[] = [];
  for (const keys of KEYS_OF_A_LOOKUP) {
    const options = { table: join(folder, 'table'), model: join(folder, 'model', '1') };
    figures.push({ keys, ...(await runTable(core, { ...options, keys, rounds: runs, seconds })) });
  }
  const head = ['keys of a lookup', 'table, lookups/s', 'graph, runs/s', 'ratio'];
  const rows = figures.map(({ keys, table_per_second, graph_per_second, ratio }) => [
    String(keys),
    formatCount(table_per_second),
    formatCount(graph_per_second),
    ratio.toPrecision(3),
  ]);
  const last = figures.at(-1);
  return { figures, table: `${formatTable([head, ...rows])}${last ? `\n${loadTable(last)}` : ''}` };
}

function loadTable(figures: TableFigures): string {
  const { data_bytes: data, table_resident_bytes: table, graph_resident_bytes: graph } = figures;
  const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
  return formatTable([
    ['loaded', 'seconds', 'RSS', 'of the files'],
    ['table', figures.table_load_seconds.toFixed(2), megabytes(table), formatRatio(table, data)],
    ['graph', figures.graph_load_seconds.toFixed(2), megabytes(graph), formatRatio(graph, data)],
  ]);
}

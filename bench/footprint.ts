/**
 * What a server needs before the first request: the time from its start to "AVAILABLE", and the memory
 * with all models of the models part loaded and each asked once.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BenchModel, grpcBody, HALF_PLUS_TWO, type ServerCase } from './cases.js';
import { fetchReply } from './one-request.js';
import { startTensorgate, startWithModels } from './own-server.js';
import { formatMicros, formatTable } from './report.js';
import type { ServerSettings } from './server.js';
import { median } from './statistics.js';
import { UPSTREAM_RESIDENT_BYTES } from './upstream-figures.js';
import type { Variant } from './variants.js';

/** For --only, as cases have names. */
export const FOOTPRINT_CASE = { name: 'memory and cold start' };

export interface Footprint {
  readonly name: string;
  /** UNITS: milliseconds from spawning the server of half_plus_two; one each run. */
  readonly coldStartsMs: readonly number[];
  /** UNITS: bytes, after the requests and at most. */
  readonly resident: number;
  readonly peak: number;
}

export async function measureFootprint(
  variant: Variant,
  models: readonly BenchModel[],
  { cores, runs }: ServerSettings,
): Promise<Footprint> {
  const coldStartsMs: number[] = [];
  for (let run = 0; run < runs; run++) {
    const begin = performance.now();
    const { process } = await startTensorgate(HALF_PLUS_TWO, cores.server, variant.flags);
    coldStartsMs.push(performance.now() - begin);
    await process.stop();
  }
  const files = mkdtempSync(join(tmpdir(), 'tensorgate-bench-'));
  try {
    const config = join(files, 'models.config');
    const served = await startWithModels(models, config, cores.server, variant.flags);
    try {
      for (const model of models) await fetchReply(requestOf(model), served.endpoints.grpc);
      return { name: variant.name, coldStartsMs, ...served.process.memory() };
    } finally {
      await served.process.stop();
    }
  } finally {
    rmSync(files, { recursive: true });
  }
}

export function footprintTable(
  footprints: readonly Footprint[],
  models: readonly BenchModel[],
): string {
  const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
  const head = ['server', 'cold start', `RSS, ${models.length} models`, 'peak RSS'];
  const rows = footprints.map(({ name, coldStartsMs, resident, peak }) => [
    name,
    formatMicros(1000 * median(coldStartsMs)),
    megabytes(resident),
    megabytes(peak),
  ]);
  const upstream = [
    "upstream 2.20, another machine's run",
    '-',
    megabytes(UPSTREAM_RESIDENT_BYTES),
    '-',
  ];
  return formatTable([head, ...rows, upstream]);
}

function requestOf(model: BenchModel): ServerCase {
  return {
    name: `gRPC ${model.name}`,
    model,
    transport: 'grpc',
    connections: 1,
    inFlight: 1,
    body: grpcBody(model, 'content'),
  };
}

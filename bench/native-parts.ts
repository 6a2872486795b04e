/** The parts below the server, each with its table: the bare session loop, the codec, single native calls. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BenchModel, grpcBody, restBody } from './cases.js';
import { type CodecFigures, runCodec, runRawSession } from './native-programs.js';
import { runForJson } from './processes.js';
import { formatCount, formatMicros, formatRatio, formatTable } from './report.js';
import type { SingleCallResult } from './single-calls.js';

const SECONDS = 1;

/** Runs a second by model name; the denominator of every "of raw run". */
export async function measureRawRuns(
  core: number,
  models: readonly BenchModel[],
): Promise<{ runs: Map<string, number>; table: string }> {
  const runs = new Map<string, number>();
  for (const model of models) runs.set(model.name, await runRawSession(core, model, 2 * SECONDS));
  const rows = [...runs].map(([name, rate]) => [name, formatCount(rate), formatMicros(1e6 / rate)]);
  return { runs, table: formatTable([['bare TF_SessionRun', 'runs/s', 'mean'], ...rows]) };
}

export interface NamedCodecFigures extends CodecFigures {
  readonly name: string;
}

export async function measureCodec(
  core: number,
  models: readonly BenchModel[],
): Promise<{ figures: NamedCodecFigures[]; table: string }> {
  const figures: NamedCodecFigures[] = [];
  const files = mkdtempSync(join(tmpdir(), 'tensorgate-bench-'));
  try {
    for (const model of models) {
      // codec_micro takes the one input of the request for "x".
      const named = { ...model, input: 'x' };
      for (const format of ['json', 'proto'] as const) {
        const body = join(files, `${model.name}.${format}`);
        writeFileSync(body, format === 'json' ? restBody(named) : grpcBody(named, 'content'));
        const measured = await runCodec(core, format, body, SECONDS);
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
  const table = formatTable([['native codec', 'bytes', 'decode', 'encode'], ...rows]);
  return { figures, table };
}

/** In a process of its own, pinned like the server. */
export async function measureSingleCalls(
  core: number,
  models: readonly BenchModel[],
  rawRuns: ReadonlyMap<string, number>,
): Promise<{ results: SingleCallResult[]; table: string }> {
  const results = await runForJson<SingleCallResult[]>(core, [
    process.execPath,
    fileURLToPath(new URL('single-calls.js', import.meta.url)),
    `--seconds=${SECONDS}`,
    `--models=${models.map(({ name }) => name).join(',')}`,
  ]);
  const rows = results.map(({ name, runsModel, opsPerSecond, mean_us, rme }) => [
    name,
    formatCount(opsPerSecond),
    formatMicros(mean_us),
    `±${rme.toFixed(1)} %`,
    runsModel ? formatRatio(opsPerSecond, rawRuns.get(name.split(':')[0] ?? '') ?? null) : '-',
  ]);
  return {
    results,
    table: formatTable([['native call', 'ops/s', 'mean', '', 'of raw run'], ...rows]),
  };
}

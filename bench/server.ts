/**
 * The server part: tensorgate and an echo on the same transport, both pinned to one CPU, loaded in
 * turn from another. Each run of a case loads the echo right before the server, so that both see
 * the same machine; the figures are medians over the runs.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BenchModel, pathOf, type ServerCase } from './cases.js';
import type { Cores } from './cores.js';
import { type LoadFigures, runLoad } from './native-programs.js';
import { acceptsConnections, fetchReply, isAvailable } from './one-request.js';
import { freePort, PinnedServer } from './processes.js';
import { median } from './statistics.js';

export interface ServerSettings {
  readonly cores: Cores;
  readonly runs: number;
  readonly seconds: number;
  readonly warmup: number;
}

export interface ServerResult {
  readonly name: string;
  readonly model: string;
  readonly rps: number;
  readonly p50_us: number;
  readonly p99_us: number;
  readonly echoRps: number;
  /** Errors and mismatches of all runs together; anything but 0 makes the figures worthless. */
  readonly failures: number;
  readonly runs: readonly { readonly server: LoadFigures; readonly echo: LoadFigures }[];
}

/** `onResult` hears of each case as it ends. */
export async function measureServer(
  cases: readonly ServerCase[],
  settings: ServerSettings,
  onResult: (result: ServerResult) => void,
): Promise<void> {
  const files = mkdtempSync(join(tmpdir(), 'tensorgate-bench-'));
  try {
    for (const model of new Set(cases.map((one) => one.model))) {
      const served = await startTensorgate(model, settings.cores.server);
      try {
        for (const one of cases.filter((candidate) => candidate.model === model)) {
          onResult(await measureCase(one, served, settings, files));
        }
      } finally {
        await served.process.stop();
      }
    }
  } finally {
    rmSync(files, { recursive: true });
  }
}

export interface Served {
  readonly process: PinnedServer;
  readonly ports: { readonly rest: number; readonly grpc: number };
}

/** `flags` beside those that every server of the bench gets. */
export async function startTensorgate(
  model: BenchModel,
  core: number,
  flags: readonly string[] = [],
): Promise<Served> {
  const ports = { rest: await freePort(), grpc: await freePort() };
  const server = new PinnedServer(core, [
    process.execPath,
    fileURLToPath(new URL('../../bin/tensorgate.mjs', import.meta.url)),
    `--port=${ports.grpc}`,
    `--rest_api_port=${ports.rest}`,
    `--model_name=${model.name}`,
    `--model_base_path=${model.basePath}`,
    '--log_level=warn',
    ...flags,
  ]);
  await server.ready(() => isAvailable(ports.rest, model.name));
  return { process: server, ports };
}

async function measureCase(
  one: ServerCase,
  served: Served,
  settings: ServerSettings,
  files: string,
): Promise<ServerResult> {
  const port = served.ports[one.transport];
  const body = join(files, 'body');
  const reply = join(files, 'reply');
  writeFileSync(body, one.body);
  writeFileSync(reply, await fetchReply(one, port));

  const { process: echo, port: echoPort } = await startEcho(one, reply, settings.cores.server);
  const load = (target: number): Promise<LoadFigures> =>
    runLoad(settings.cores.client, {
      protocol: one.transport === 'rest' ? 'http' : 'grpc',
      port: target,
      path: pathOf(one.transport, one.model),
      connections: one.connections,
      inFlight: one.inFlight,
      body,
      expect: reply,
      seconds: settings.seconds,
      warmup: settings.warmup,
    });
  const runs: { server: LoadFigures; echo: LoadFigures }[] = [];
  try {
    for (let run = 0; run < settings.runs; run++) {
      runs.push({ echo: await load(echoPort), server: await load(port) });
    }
  } finally {
    await echo.stop();
  }
  return summary(one, runs);
}

async function startEcho(
  one: ServerCase,
  reply: string,
  core: number,
): Promise<{ process: PinnedServer; port: number }> {
  const port = await freePort();
  const echo = new PinnedServer(core, [
    process.execPath,
    fileURLToPath(new URL(`echo-${one.transport}.js`, import.meta.url)),
    `--port=${port}`,
    `--reply=${reply}`,
    ...(one.transport === 'grpc' ? [`--path=${pathOf('grpc', one.model)}`] : []),
  ]);
  await echo.ready(() => acceptsConnections(port));
  return { process: echo, port };
}

function summary(one: ServerCase, runs: ServerResult['runs']): ServerResult {
  const middle = (figure: (run: ServerResult['runs'][number]) => number): number =>
    median(runs.map(figure));
  const failuresOf = ({ errors, mismatches }: LoadFigures): number => errors + mismatches;
  return {
    name: one.name,
    model: one.model.name,
    rps: middle(({ server }) => server.rps),
    p50_us: middle(({ server }) => server.p50_us),
    p99_us: middle(({ server }) => server.p99_us),
    echoRps: middle(({ echo }) => echo.rps),
    failures: runs.reduce((sum, run) => sum + failuresOf(run.server) + failuresOf(run.echo), 0),
    runs,
  };
}

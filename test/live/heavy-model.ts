/**
 * A big model beside a small one: latencies of the small one in quiet, and while the big one is loaded,
 * warmed up and unloaded again and again; and what stays in memory after many loads.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { writeWeightyModel } from '../integration/weighty-model.js';
import { GrpcClient } from '../wire/grpc-client.js';
import { ServerProcess } from '../wire/server-process.js';
import { failureText, latencyTable } from './report.js';
import { grpcStream, restStream, runStreams } from './streams.js';

const HALF_PLUS_TWO = fileURLToPath(
  new URL('../../../examples/models/half_plus_two', import.meta.url),
);
const SMALL = { name: 'half_plus_two', base_path: HALF_PLUS_TWO };
const STREAMS = [
  restStream('half_plus_two', 'half_plus_two', 0.5),
  grpcStream('half_plus_two', 'half_plus_two', 0.5),
];
const MOST_SECONDS = 60;

/** A server with the small model, and the big one in as many versions, which are not served yet. */
class HeavyServer {
  readonly folder = mkdtempSync(join(tmpdir(), 'tensorgate-heavy-'));
  readonly #server: ServerProcess;
  readonly #client: GrpcClient;

  private constructor(server: ServerProcess) {
    this.#server = server;
    this.#client = new GrpcClient(server.grpcAddress);
  }

  static async start(
    mebibytes: number,
    versions: number,
    flags: readonly string[],
  ): Promise<HeavyServer> {
    const server = new HeavyServer(
      await ServerProcess.start(SMALL.name, SMALL.base_path, '--log_level=info', ...flags),
    );
    for (let version = 1; version <= versions; ++version) {
      writeWeightyModel(join(server.folder, String(version)), mebibytes);
    }
    return server;
  }

  get process(): ServerProcess {
    return this.#server;
  }

  /** Resolves when that version serves and all others are gone; null is none. */
  async serve(version: number | null): Promise<void> {
    const versions = version === null ? [] : [version];
    const policy = { specific: { versions } };
    const heavy = { name: 'heavy', base_path: this.folder, model_version_policy: policy };
    await this.#client.reload(version === null ? [SMALL] : [SMALL, heavy]);
    for (;;) {
      const reply = await this.#client
        .modelStatus({ model_spec: { name: 'heavy' } })
        .catch(() => ({ model_version_status: [] }));
      const states = (
        (reply['model_version_status'] ?? []) as { version: string; state: string }[]
      ).filter(({ state }) => state !== 'END');
      const isThere = states.length === versions.length;
      if (
        isThere &&
        states.every((each) => each.state === 'AVAILABLE' && Number(each.version) === version)
      ) {
        return;
      }
      await delay(10);
    }
  }

  async stop(): Promise<void> {
    this.#client.close();
    await this.#server.stop();
    rmSync(this.folder, { recursive: true });
  }
}

/** Returns what failed; empty where nothing did. */
export async function loadBesideRequests(
  mebibytes: number,
  loads: number,
  rate: number,
  quietSeconds: number,
  flags: readonly string[] = [],
): Promise<string> {
  const server = await HeavyServer.start(mebibytes, 1, flags);
  try {
    await runStreams(server.process, STREAMS, rate, 2); // compiles JavaScript, grows buffers
    const quiet = await runStreams(server.process, STREAMS, rate, quietSeconds);
    const began = Date.now();
    await server.serve(1);
    const loadMillis = Date.now() - began;
    await server.serve(null);
    // As long as the loads take, going by the first, but not for ever on a machine that is busy.
    let isOver = false;
    const took = (loads * (Date.now() - began)) / 1000;
    const seconds = Math.min(Math.max(5, took), MOST_SECONDS);
    const streams = runStreams(server.process, STREAMS, rate, seconds).finally(() => {
      isOver = true;
    });
    let done = 0;
    while (!isOver) {
      await server.serve(1);
      await server.serve(null);
      ++done;
    }
    const busy = await streams;
    console.log(
      `${done} loads and unloads of ${mebibytes} MiB; a load alone took ${loadMillis} ms`,
    );
    console.log(latencyTable(quiet, 'loading', busy));
    return failureText([...quiet, ...busy], server.process.log);
  } finally {
    await server.stop();
  }
}

/** Reloads a model under light load; UNITS: MiB resident after each. */
export async function memoryOverReloads(
  mebibytes: number,
  reloads: number,
  flags: readonly string[] = [],
): Promise<{ failures: string; curve: number[] }> {
  const server = await HeavyServer.start(mebibytes, 2, flags);
  const curve: number[] = [];
  let isOver = false;
  const load = async (): Promise<string> => {
    while (!isOver) {
      const figures = await runStreams(server.process, STREAMS, 200, 5);
      const failures = failureText(figures, server.process.log);
      if (failures !== '') return failures;
    }
    return '';
  };
  const reload = async (): Promise<void> => {
    try {
      while (curve.length < reloads) {
        await server.serve((curve.length % 2) + 1);
        curve.push(Math.round(server.process.rssBytes() / 2 ** 20));
      }
    } finally {
      isOver = true;
    }
  };
  try {
    const [failures] = await Promise.all([load(), reload()]);
    return { failures, curve };
  } finally {
    await server.stop();
  }
}

/**
 * Versions come and go under load: first the streams alone, then the same while `Changes` go on. Prints
 * a table of latencies, and returns what is to be asserted.
 */
import { setTimeout as delay } from 'node:timers/promises';

import { GrpcClient } from '../wire/grpc-client.js';
import { ServerProcess } from '../wire/server-process.js';
import { Changes } from './changes.js';
import { ModelFolder } from './model-folder.js';
import { failedOf, failureText, latencyTable } from './report.js';
import { grpcStream, restStream, runStreams, type StreamFigures } from './streams.js';

const STREAMS = [
  restStream('moving', 'moving', 0.4),
  grpcStream('moving', 'moving', 0.4),
  restStream('labelled', 'labelled/labels/stable', 0.1),
  grpcStream('steady', 'steady', 0.1),
];

export interface Outcome {
  /** Empty where no request failed. */
  readonly failures: string;
  readonly requests: number;
  /** What the server logged meanwhile, by kind. */
  readonly changes: Readonly<Record<'available' | 'unloaded' | 'failed' | 'corrupt', number>>;
}

/** @param rate requests a second; where the machine cannot do that in quiet, one that it can is found */
export async function changeUnderLoad(
  rate: number,
  quietSeconds: number,
  seconds: number,
  flags: readonly string[] = [],
): Promise<Outcome> {
  const folder = new ModelFolder();
  folder.writeConfig(folder.entries(null)); // a label needs a version that is there
  const server = await ServerProcess.startWith(
    `--model_config_file=${folder.configFile}`,
    '--model_config_file_poll_wait_seconds=1',
    '--max_num_load_retries=1',
    '--load_retry_interval_micros=100000',
    ...flags,
  );
  const client = new GrpcClient(server.grpcAddress);
  try {
    while (!(await isAvailable(server, 'labelled/versions/1'))) await delay(50);
    await client.reload(folder.entries(1));
    folder.writeConfig(folder.entries(1));
    const quiet = await inQuiet(server, rate, quietSeconds);
    const before = server.log.length;
    const changes = new Changes(folder, client);
    const [busy] = await Promise.all([
      runStreams(server, STREAMS, quiet.rate, seconds),
      changes.goOn(seconds),
    ]);
    const log = server.log.slice(before);
    console.log(latencyTable(quiet.figures, 'changing', busy));
    const count = (text: string): number => log.split(text).length - 1;
    return {
      failures: failureText([...quiet.figures, ...busy], server.log),
      requests: busy.reduce((sum, { requests }) => sum + requests, 0),
      changes: {
        available: count('"msg":"available"'),
        unloaded: count('"msg":"unloaded"'),
        failed: count('"msg":"load failed'),
        corrupt: count('Failed to read ModelServerConfig file'),
      },
    };
  } finally {
    client.close();
    await server.stop();
    folder.remove();
  }
}

/** The figures of the quiet server, at the rate or the highest that it keeps up with. */
async function inQuiet(
  server: ServerProcess,
  rate: number,
  seconds: number,
): Promise<{ rate: number; figures: StreamFigures[] }> {
  await runStreams(server, STREAMS, rate, 1); // compiles JavaScript, grows buffers
  for (;;) {
    const figures = await runStreams(server, STREAMS, rate, seconds);
    const done = figures.reduce((sum, { rps }) => sum + rps, 0);
    if (failedOf(figures) > 0 || done > 0.95 * rate || rate < 500) return { rate, figures };
    console.log(`${rate} requests/s are too many for this machine now: it answers ${done}`);
    rate = Math.round(rate * 0.7);
  }
}

async function isAvailable(server: ServerProcess, version: string): Promise<boolean> {
  const response = await fetch(`${server.restUrl}/v1/models/${version}`);
  return (await response.text()).includes('"state": "AVAILABLE"');
}

/**
 * The pipelines part: one request of a pipeline of three models beside three requests of its models, one after the
 * other, over one REST connection, in turn: what a client that waits for each answer sees.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Endpoint } from './endpoint.js';
import { startWithModels } from './own-server.js';
import { formatRatio, formatTable } from './report.js';
import type { ServerSettings } from './server.js';
import { median } from './statistics.js';

const ROWS_OF_A_REQUEST = [1, 16, 128] as const;
const MODELS = ['letters', 'deep', 'best_scores'] as const;
const PIPELINE = `input { name: "text" }
step { name: "read" model: "letters" input { to: "text" from: "text" } }
step { name: "score" model: "deep" input { to: "x" from: "read.x" } }
step { name: "best" model: "best_scores" input { to: "scores" from: "score.y" } }
output { name: "values" from: "best.values" }
output { name: "places" from: "best.places" }
`;

/** UNITS: microseconds, medians. */
export interface PipelineFigures {
  readonly rows: number;
  readonly pipeline_us: number;
  readonly calls_us: number;
  /** Of the calls by that of the pipeline. */
  readonly ratio: number;
}

/** `models`: the folder of the test models. */
export async function measurePipelines(
  core: number,
  models: string,
  { runs, seconds }: ServerSettings,
): Promise<{ figures: PipelineFigures[]; table: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-pipelines-'));
  mkdirSync(join(folder, 'pipeline', '1'), { recursive: true });
  writeFileSync(join(folder, 'pipeline', '1', 'pipeline.pbtxt'), PIPELINE);
  const served = [
    { name: 'pipeline', basePath: join(folder, 'pipeline'), platform: 'pipeline' },
    ...MODELS.map((name) => ({ name, basePath: join(models, name) })),
  ];
  const server = await startWithModels(served, join(folder, 'models'), core, []);
  const client = new Client(server.endpoints.rest);
  try {
    const figures: PipelineFigures[] = [];
    for (const rows of ROWS_OF_A_REQUEST) {
      figures.push(await measure(client, rows, (runs * seconds * 1000) / 2));
    }
    const head = ['rows', 'pipeline, µs', 'three calls, µs', 'ratio'];
    const lines = figures.map(({ rows, pipeline_us: one, calls_us: three }) => [
      ...[rows, Math.round(one), Math.round(three)].map(String),
      formatRatio(three, one),
    ]);
    return { figures, table: formatTable([head, ...lines]) };
  } finally {
    client.close();
    await server.process.stop();
    rmSync(folder, { recursive: true });
  }
}

async function measure(client: Client, rows: number, millis: number): Promise<PipelineFigures> {
  const texts = Array.from({ length: rows }, (_, i) => `the text of row ${i}`);
  const piped = (): Promise<unknown> => client.predict('pipeline', texts);
  const called = async (): Promise<unknown> => {
    let values: unknown = texts;
    for (const model of MODELS) values = await client.predict(model, values);
    return values;
  };
  const [one, three] = [await piped(), await called()];
  if (JSON.stringify(one) !== JSON.stringify(three)) throw new Error('they answer differently');
  const times: [number[], number[]] = [[], []];
  const end = performance.now() + millis;
  while (performance.now() < end || times[1].length < 20) {
    for (const [index, ask] of [piped, called].entries()) {
      const began = performance.now();
      await ask();
      times[index]?.push((performance.now() - began) * 1000);
    }
  }
  const [pipeline_us, calls_us] = [median(times[0]), median(times[1])];
  return { rows, pipeline_us, calls_us, ratio: calls_us / pipeline_us };
}

/** One connection, in columns: the shortest JSON. */
class Client {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #endpoint: Endpoint;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  async predict(model: string, inputs: unknown): Promise<unknown> {
    const { host, port } = this.#endpoint;
    const path = `/v1/models/${model}:predict`;
    const text = await new Promise<string>((resolve, reject) => {
      const sent = request({ host, port, path, method: 'POST', agent: this.#agent }, (reply) => {
        let body = '';
        reply.setEncoding('utf8').on('data', (piece: string) => (body += piece));
        reply.on('end', () => resolve(body)).on('error', reject);
      });
      sent.on('error', reject).end(JSON.stringify({ inputs }));
    });
    const { outputs, error } = JSON.parse(text) as { outputs?: unknown; error?: string };
    if (outputs === undefined) throw new Error(`${model}: ${error}`);
    return outputs;
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** A server whose batches are told by the page of metrics, started anew by each test that asks for it. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

import { GrpcClient } from './grpc-client.js';
import { PrometheusPage } from './prometheus-parser.js';
import { ServerProcess } from './server-process.js';
import { TAKEN_AT_ONCE } from './version-folder.js';

export const TEST_MODELS = fileURLToPath(new URL('../../../test/models/', import.meta.url));
export const HALF_PLUS_TWO = fileURLToPath(
  new URL('../../../examples/models/half_plus_two', import.meta.url),
);
const PAGE = '/monitoring/prometheus/metrics';
export const SESSION = ':tensorflow:serving:batching_session';
export const OWN = ':tensorgate:batching';
export const QUEUE = { model_name: 'm', signature_name: 'serving_default' };

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly retryAfter: string | null;
}

/** To be made within a `describe`: it starts and stops with the tests in there. */
export class BatchingServer {
  process!: ServerProcess;
  client!: GrpcClient;
  folder = '';
  readonly #agent = new Agent({ keepAlive: true });
  #started = false;

  constructor() {
    beforeEach(() => {
      this.folder = mkdtempSync(join(tmpdir(), 'tensorgate-batching-'));
      this.write('monitoring', 'prometheus_config { enable: true }');
    });
    afterEach(async () => {
      if (this.#started) {
        this.client.close();
        this.#agent.destroy();
        await this.process.stop();
      }
      this.#started = false;
      rmSync(this.folder, { recursive: true });
    });
  }

  write(name: string, text: string): string {
    const file = join(this.folder, name);
    writeFileSync(file, text);
    return file;
  }

  async serve(path: string, ...flags: string[]): Promise<void> {
    const monitoring = `--monitoring_config_file=${join(this.folder, 'monitoring')}`;
    const all = [monitoring, TAKEN_AT_ONCE, '--synthetic_warmup=false', ...flags];
    this.process = await ServerProcess.start('m', path, ...all);
    this.client = new GrpcClient(this.process.grpcAddress);
    this.#started = true;
  }

  /** fetch() would cost several times as much. */
  async post(request: object, signal?: AbortSignal): Promise<Answer> {
    const url = `${this.process.restUrl}/v1/models/m:predict`;
    const sent = httpRequest(url, {
      method: 'POST',
      agent: this.#agent,
      ...(signal && { signal }),
    });
    sent.end(JSON.stringify(request));
    const [reply] = (await once(sent, 'response')) as [IncomingMessage];
    return {
      status: reply.statusCode ?? 0,
      body: (await json(reply)) as Record<string, unknown>,
      retryAfter: reply.headers['retry-after'] ?? null,
    };
  }

  rows(...instances: unknown[]): Promise<Answer> {
    return this.post({ instances });
  }

  async page(): Promise<PrometheusPage> {
    return new PrometheusPage(await (await fetch(this.process.restUrl + PAGE)).text());
  }

  async value(name: string, labels = {}): Promise<number> {
    return (await this.page()).value(name, labels) ?? 0;
  }

  runs(): Promise<number> {
    return this.value(`${SESSION}:wrapped_run_count`);
  }

  async untilWaiting(tasks: number): Promise<void> {
    while ((await this.value(`${OWN}_queue_depth`, QUEUE)) < tasks);
  }
}

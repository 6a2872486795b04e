/** Replica: one of several servers of the same models, on ports that stay the same while its process comes and goes. */
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { freePort, ServerProcess } from '../../wire/server-process.js';

const POLL_MILLIS = 50;

export class Replica {
  readonly grpcPort: number;
  readonly restPort: number;
  readonly #flags: readonly string[];
  readonly #accessLog: string;
  #process: ServerProcess | null = null;

  /** Not started. @param folder for their access logs, by which it is known what each was sent */
  static async several(
    count: number,
    flags: readonly string[],
    folder: string,
  ): Promise<Replica[]> {
    const replicas: Replica[] = [];
    for (let i = 1; i <= count; ++i) {
      const accessLog = join(folder, `${i}.log`);
      replicas.push(new Replica(await freePort(), await freePort(), flags, accessLog));
    }
    return replicas;
  }

  private constructor(
    grpcPort: number,
    restPort: number,
    flags: readonly string[],
    accessLog: string,
  ) {
    this.grpcPort = grpcPort;
    this.restPort = restPort;
    this.#flags = flags;
    this.#accessLog = accessLog;
  }

  get grpcAddress(): string {
    return `127.0.0.1:${this.grpcPort}`;
  }

  get isRunning(): boolean {
    return this.#process !== null;
  }

  /** Resolves when it serves. */
  async start(): Promise<void> {
    const { grpcPort, restPort } = this;
    const own = [
      `--port=${grpcPort}`,
      `--rest_api_port=${restPort}`,
      `--access_log=${this.#accessLog}`,
    ];
    this.#process = new ServerProcess([...own, ...this.#flags], grpcPort, restPort);
    await this.#process.untilLogged('"msg":"serving"');
  }

  /** SIGTERM. Fails where it does not end well. */
  async stop(): Promise<void> {
    const exit = await this.#running().stop();
    this.#process = null;
    assert.equal(exit.code, 0, exit.stderr);
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    const killed = this.#running();
    killed.signal('SIGKILL');
    await killed.exit;
    this.#process = null;
  }

  /** Does nothing from here on, while the kernel still takes its connections. */
  freeze(): void {
    this.#running().signal('SIGSTOP');
  }

  thaw(): void {
    this.#running().signal('SIGCONT');
  }

  /** Whatever state it is in. */
  async end(): Promise<void> {
    if (this.#process === null) return;
    this.thaw();
    await this.stop();
  }

  /** Resolves when it has answered some requests that came after the call. */
  async untilAsked(): Promise<void> {
    const before = this.accessLogBytes;
    while (this.accessLogBytes === before) await delay(POLL_MILLIS);
  }

  /** The models of the requests that it has answered since its log was so long, in their order. */
  modelsSince(offset: number): string[] {
    const lines = this.#logged().subarray(offset).toString().split('\n').slice(0, -1);
    return lines.flatMap((line) => (JSON.parse(line) as { model: string | null }).model ?? []);
  }

  /** How many it has answered. */
  get requests(): number {
    return this.#logged().toString().split('\n').length - 1;
  }

  /** UNITS: bytes; grows with each request, some time after its answer. */
  get accessLogBytes(): number {
    return statSync(this.#accessLog, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** The file is not there before the first line. */
  #logged(): Buffer {
    return this.accessLogBytes === 0 ? Buffer.alloc(0) : readFileSync(this.#accessLog);
  }

  /** Everything logged by the process that runs. */
  get log(): string {
    return this.#process?.log ?? '';
  }

  #running(): ServerProcess {
    assert.ok(this.#process, 'the replica does not run');
    return this.#process;
  }
}

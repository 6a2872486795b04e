/**
 * RunningBalancer: a balancer before the replicas, with its configuration of deploy/ as it is, but for addresses: what
 * users read is what is tested.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { Background } from '../../clients/programs.js';
import { freePort } from '../../wire/server-process.js';
import type { Balancer, Retries } from './balancers.js';
import type { Replica } from './replica.js';

const DEPLOY = fileURLToPath(new URL('../../../../deploy/', import.meta.url));
const POLL_MILLIS = 50;

export class RunningBalancer {
  readonly grpcAddress: string;
  readonly restPort: number;
  readonly #balancer: Balancer;
  readonly #program: Background;
  readonly #pagePort: number;

  private constructor(balancer: Balancer, program: Background, ports: readonly number[]) {
    const [grpcPort = 0, restPort = 0, pagePort = 0] = ports;
    this.grpcAddress = `127.0.0.1:${grpcPort}`;
    this.restPort = restPort;
    this.#balancer = balancer;
    this.#program = program;
    this.#pagePort = pagePort;
  }

  /** @param file another one of deploy/ than the balancer's usual one */
  static async start(
    balancer: Balancer,
    replicas: readonly Replica[],
    folder: string,
    { retries = 'documented', file = balancer.file }: { retries?: Retries; file?: string } = {},
  ): Promise<RunningBalancer> {
    const { address, page } = balancer;
    const program = balancer.program();
    assert.ok(program);
    const [grpcPort, restPort, pagePort] = [await freePort(), await freePort(), await freePort()];
    let text = readFileSync(join(DEPLOY, file), 'utf8');
    const put = (from: string | RegExp, to: string): void => {
      const changed = text.replaceAll(from instanceof RegExp ? new RegExp(from, 'gm') : from, to);
      assert.notEqual(changed, text, `${file} has no ${String(from)}`);
      text = changed;
    };
    put(address('0.0.0.0', '8500'), address('127.0.0.1', String(grpcPort)));
    put(address('0.0.0.0', '8501'), address('127.0.0.1', String(restPort)));
    if (page !== null)
      put(address('127.0.0.1', String(page.port)), address('127.0.0.1', String(pagePort)));
    for (const [i, replica] of replicas.entries()) {
      put(address(`tensorgate-${i + 1}`, '8500'), address('127.0.0.1', String(replica.grpcPort)));
      put(address(`tensorgate-${i + 1}`, '8501'), address('127.0.0.1', String(replica.restPort)));
    }
    const changes = [
      ...(balancer.besides?.(folder) ?? []),
      ...(retries === 'unsent' ? balancer.unsent : []),
    ];
    for (const [from, to] of changes) put(from, to);
    const written = join(folder, file.replaceAll('/', '-'));
    writeFileSync(written, text);
    const ports = [grpcPort, restPort];
    const background = await Background.start(program, balancer.args(written, folder), ports);
    return new RunningBalancer(balancer, background, [...ports, pagePort]);
  }

  /** Resolves when it says that so many replicas are well, and at once where it has no page. */
  async untilUp(replicas: number): Promise<void> {
    const { page } = this.#balancer;
    const both = 2 * replicas; // over REST and gRPC
    while (page !== null && (await page.up(this.#pagePort)) !== both) await delay(POLL_MILLIS);
  }

  /** Resolves when it has left out one of them that did not answer. */
  async untilLeftOut(replicas: number): Promise<void> {
    const { leftOut } = this.#balancer;
    if (leftOut === undefined) return this.untilUp(replicas - 1);
    while (!leftOut.test(this.#program.errors)) await delay(POLL_MILLIS);
  }

  stop(): Promise<void> {
    return this.#program.stop();
  }
}

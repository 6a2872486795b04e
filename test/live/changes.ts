/**
 * Changes: what an operator does to a server in a bad week, one thing to the versions and one to the
 * configuration each second, in two rounds of different length so that they meet in all ways.
 */
import { setTimeout as delay } from 'node:timers/promises';

import type { GrpcClient } from '../wire/grpc-client.js';
import type { ModelFolder } from './model-folder.js';

type Step = () => Promise<void> | void;

export class Changes {
  readonly #folder: ModelFolder;
  readonly #client: GrpcClient;
  /** Complete versions in place, the highest last. */
  readonly #versions = [1, 2];
  #highest = 2;
  #staged = 0;
  #broken = 0;
  #label = 1;
  #extra = false;

  readonly #versionSteps: readonly Step[] = [
    () => this.#stageNext(),
    () => this.#renameNext(),
    () => this.#rollBack(),
    () => this.#copyNext(),
    () => this.#breakNext(),
    () => this.#removeOldest(),
    () => this.#removeBroken(),
  ];
  readonly #configSteps: readonly Step[] = [
    () => this.#moveLabel(),
    () => this.#folder.corruptConfig(this.#folder.entries(this.#label)),
    () => this.#toggleExtra(),
    () => this.#moveLabel(),
    () => this.#reload(),
  ];

  /** `client` reloads the configuration. */
  constructor(folder: ModelFolder, client: GrpcClient) {
    this.#folder = folder;
    this.#client = client;
  }

  /** Two changes a second for that long. Rejects where one of them is refused. */
  async goOn(seconds: number): Promise<void> {
    const until = Date.now() + seconds * 1000;
    for (let i = 0; Date.now() < until; ++i) {
      const tick = delay(1000);
      await Promise.all([at(this.#versionSteps, i)(), at(this.#configSteps, i)()]);
      await tick;
    }
  }

  #stageNext(): void {
    this.#staged = ++this.#highest;
    this.#folder.stage(this.#staged);
  }

  async #renameNext(): Promise<void> {
    await this.#folder.renameIntoPlace(this.#staged);
    this.#versions.push(this.#staged);
  }

  /** The version that serves goes, the one before it is to serve again. */
  async #rollBack(): Promise<void> {
    await this.#folder.removeVersion(this.#versions.pop() as number);
  }

  async #copyNext(): Promise<void> {
    const version = ++this.#highest;
    this.#broken = ++this.#highest;
    this.#folder.stage(this.#broken, true);
    await this.#folder.copySlowly(version, 4, 200);
    this.#versions.push(version);
  }

  async #breakNext(): Promise<void> {
    await this.#folder.renameIntoPlace(this.#broken);
  }

  async #removeBroken(): Promise<void> {
    await this.#folder.removeVersion(this.#broken);
  }

  async #removeOldest(): Promise<void> {
    if (this.#versions.length > 2)
      await this.#folder.removeVersion(this.#versions.shift() as number);
  }

  async #moveLabel(): Promise<void> {
    this.#label = 3 - this.#label;
    await this.#reload();
  }

  async #toggleExtra(): Promise<void> {
    this.#extra = !this.#extra;
    await this.#reload();
  }

  /** The file first: it is polled, and would undo the call. */
  async #reload(): Promise<void> {
    const entries = this.#folder.entries(this.#label, this.#extra);
    this.#folder.writeConfig(entries);
    await this.#client.reload(entries);
  }
}

function at(steps: readonly Step[], i: number): Step {
  return steps[i % steps.length] as Step;
}

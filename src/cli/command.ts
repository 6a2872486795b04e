/** Command: one of tensorgate's own, by which an operator asks a running server or changes it. */
import type { Arguments } from './arguments.js';
import type { Client } from './client.js';

export interface Command {
  /** What follows the program's name; one line for each form. */
  readonly usage: readonly string[];
  /** Options beyond those that all commands have: bare, and with a value. */
  readonly switches: readonly string[];
  readonly values: readonly string[];
  /** @throws UsageError, or ServingError for what was refused */
  readonly run: (given: Arguments, client: Client) => Promise<Output>;
}

/** One of the two is printed. `failed`: the exit code says so. */
export interface Output {
  readonly text: string;
  readonly json: unknown;
  readonly failed?: boolean;
}

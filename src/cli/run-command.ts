/**
 * Runs a command and prints what came of it: the answer on stdout, as text or with --json as JSON, what
 * is wrong on stderr. Exit codes: 0, 1 refused by the server, 2 wrong usage.
 */
import { knowAllNames } from '../config/platform-names.js';
import { ServingError, statusName } from '../status/serving-error.js';
import { Arguments } from './arguments.js';
import { Client, CLIENT_VALUES } from './client.js';
import type { Command, Output } from './command.js';
import { labels } from './labels.js';
import { models } from './models.js';
import { profile } from './profile.js';
import { reload } from './reload.js';
import { rollback } from './rollback.js';
import { status } from './status.js';
import { UsageError } from './usage-error.js';
import { warmup } from './warmup.js';

const COMMANDS: ReadonlyMap<string, Command> = new Map(
  Object.entries({ status, reload, labels, rollback, models, warmup, profile }),
);
const OPTIONS =
  'options: --server=HOST:PORT --timeout_seconds=N --json --ca=FILE [--cert=FILE --key=FILE]';
const [OK, REFUSED, USAGE] = [0, 1, 2];

/** `argv` begins with the command's name. Resolves to the exit code. */
export async function runCommand(argv: readonly string[], program: string): Promise<number> {
  const [name = '', ...rest] = argv;
  knowAllNames();
  const command = COMMANDS.get(name) as Command;
  const forms = command.usage.map((usage) => `${program} ${usage}\n`);
  const usage = `usage: ${forms.join('       ')}${OPTIONS}\n`;
  if (rest.includes('--help')) {
    process.stdout.write(usage);
    return OK;
  }
  try {
    const { text, json, failed } = await run(command, rest);
    process.stdout.write(rest.includes('--json') ? `${JSON.stringify(json)}\n` : text);
    return failed === true ? REFUSED : OK;
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`${program} ${name}: ${error.message}\n${usage}`);
      return USAGE;
    }
    const { code, message } = ServingError.from(error);
    process.stderr.write(`${program} ${name}: ${statusName(code)}: ${message}\n`);
    return REFUSED;
  }
}

async function run(command: Command, argv: readonly string[]): Promise<Output> {
  const given = new Arguments(
    argv,
    ['json', ...command.switches],
    [...CLIENT_VALUES, ...command.values],
  );
  const client = new Client(given);
  try {
    return await command.run(given, client);
  } finally {
    client.close();
  }
}

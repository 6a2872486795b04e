/**
 * `tensorgate warmup record`: a warm-up file of the requests that a model gets right now, which the server
 * records and this machine keeps.
 */
import { writeFile } from 'node:fs/promises';

import { ServingError, StatusCode } from '../status/serving-error.js';
import type { Arguments } from './arguments.js';
import type { Command } from './command.js';
import { UsageError } from './usage-error.js';

const DEFAULT_FILE = 'tf_serving_warmup_requests';
const DEFAULT_SECONDS = 60;
/** For the answer, beyond the time that is recorded. */
const ANSWER_MILLIS = 30_000;

export const warmup: Command = {
  usage: ['warmup record MODEL [--seconds=N] [--count=N] [--per_shape=N | --all] [--output=FILE]'],
  switches: ['all'],
  values: ['seconds', 'count', 'per_shape', 'output'],
  run: async (given, client) => {
    const [action, name = ''] = given.take(2, 2);
    if (action !== 'record') throw new UsageError('warmup record?');
    const seconds = numberOf(given, 'seconds') ?? DEFAULT_SECONDS;
    const perShape = numberOf(given, 'per_shape');
    if (given.has('all') && perShape !== null) {
      throw new UsageError('--per_shape and --all exclude each other');
    }
    const output = given.value('output') ?? DEFAULT_FILE;
    const reply = await client.admin(
      'RecordWarmup',
      {
        name,
        seconds,
        count: numberOf(given, 'count') ?? 0,
        per_shape: given.has('all') ? -1 : (perShape ?? 0),
      },
      seconds * 1000 + ANSWER_MILLIS,
    );
    const { file, records = 0, seen = 0n } = reply as RecordWarmupReply;
    if (file === undefined || records === 0) {
      throw new ServingError(
        StatusCode.NOT_FOUND,
        `model ${name} has answered no request within ${seconds} s: there is nothing to write`,
      );
    }
    await write(output, file);
    return {
      text: `${output}: ${records} of ${seen} requests, ${file.length} bytes\n`,
      json: { output, records, seen: Number(seen), bytes: file.length },
    };
  },
};

interface RecordWarmupReply {
  readonly file?: Uint8Array;
  readonly records?: number;
  readonly seen?: bigint;
}

async function write(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(path, bytes);
  } catch (error) {
    throw new ServingError(StatusCode.UNAVAILABLE, (error as Error).message, [], { cause: error });
  }
}

/** Null: not given. @throws UsageError */
function numberOf(given: Arguments, option: string): number | null {
  const text = given.value(option);
  if (text === null) return null;
  const number = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (number > 0) return number;
  throw new UsageError(`--${option}=${text} is no number from 1 on`);
}

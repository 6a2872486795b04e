/** The server's log on stderr, one event a line, through pino: JSON, or text for people at a terminal. */
import { writeSync } from 'node:fs';
import { isatty } from 'node:tty';

import { destination, pino, type Logger } from 'pino';

import { prettyLine } from './pretty-log.js';

export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;

const STDERR = 2;

/** Writes synchronously: a line is out before a crash can swallow it. `format`: of --log_format. */
export function createLog(level: string, format = 'json'): Log {
  const isTerminal = isatty(STDERR);
  const isPretty = format === 'pretty' || (format === 'auto' && isTerminal);
  if (!isPretty) return pino({ level, base: null }, destination({ dest: STDERR, sync: true }));
  const colours = isTerminal && (process.env['NO_COLOR'] ?? '') === '';
  const write = (line: string): void => {
    try {
      writeSync(STDERR, prettyLine(line, colours));
    } catch {
      // A terminal that is gone, or does not take more: nobody reads it.
    }
  };
  return pino({ level, base: null }, { write });
}

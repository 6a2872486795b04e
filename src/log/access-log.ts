/**
 * AccessLog: a line of JSON for each request that was answered, or for a share of them; those that failed or
 * took long are always in it. Lines wait in memory, within a bound, and go out a few times a second. One for
 * each thread: lines are appended as whole ones, so that threads may share a file. Event loop only.
 */
import { appendFile } from 'node:fs/promises';

import type { Log } from './log.js';

export interface AccessLogOptions {
  /** A file, or `-`: the standard output. */
  readonly path: string;
  /** Of those that are neither slow nor failed: 0 to 1. */
  readonly sample: number;
  /** From here on a request is slow; 0: none is. */
  readonly slowMillis: number;
  /** Where trouble with the file is told. */
  readonly log: Log;
  readonly random?: () => number;
  readonly now?: () => Date;
  /** Appends to `path`. */
  readonly append?: (path: string, text: string) => Promise<void>;
}

/** Null: not known, or the request has none. */
export interface AccessEntry {
  readonly protocol: 'REST' | 'gRPC';
  /** gRPC: the method's name; REST: HTTP's method. */
  readonly method: string;
  /** REST: without the query. */
  readonly path: string | null;
  readonly model: string | null;
  /** As asked for. */
  readonly version: string | null;
  readonly label: string | null;
  /** A canonical code's name, or HTTP's status line. */
  readonly status: string;
  readonly millis: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly peer: string | null;
  readonly requestId: string | null;
  readonly principal: string | null;
}

/** Lines about requests that ended without JavaScript, until they are taken. It has sampled already. */
export interface AccessSource {
  /** Whole lines, as AccessLog writes them. */
  take(): string;
  /** How many more there were, and no room for them, since the last call. */
  takeLeftOut(): number;
}

/** Of the lines that are not written yet. */
const MAX_WAITING_CHARS = 8 << 20;
const FLUSH_MILLIS = 200;
/** What clients choose can be as long as a request. */
const MAX_TEXT_CHARS = 256;
const STANDARD_OUTPUT = '-';

export class AccessLog {
  readonly #options: AccessLogOptions;
  readonly #sources: AccessSource[] = [];
  #waiting = '';
  #leftOut = 0;
  #isScheduled = false;
  /** Settled when all that was handed over is written. */
  #writing: Promise<void> = Promise.resolve();
  #hasFailed = false;

  constructor(options: AccessLogOptions) {
    this.#options = options;
  }

  get sample(): number {
    return this.#options.sample;
  }

  get slowMillis(): number {
    return this.#options.slowMillis;
  }

  /** From here on its lines are among those that are written. */
  addSource(source: AccessSource): void {
    this.#sources.push(source);
    this.#schedule();
  }

  /** A request is over; `entry` is called only if it is to be in the log. */
  ended(hasFailed: boolean, millis: number, entry: () => AccessEntry): void {
    const { sample, slowMillis, random = Math.random } = this.#options;
    const isSlow = slowMillis > 0 && millis >= slowMillis;
    if (!hasFailed && !isSlow && random() >= sample) return;
    this.#takeAll(); // which ended before
    if (this.#waiting.length > MAX_WAITING_CHARS) this.#leftOut += 1;
    else this.#waiting += this.#lineOf(entry());
    this.#schedule();
  }

  /** Resolves when all that ended before is written, or cannot be. */
  flush(): Promise<void> {
    this.#isScheduled = false;
    this.#takeAll();
    if (this.#sources.length > 0) this.#schedule();
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setTimeout(() => void this.flush(), FLUSH_MILLIS).unref();
  }

  #takeAll(): void {
    for (const source of this.#sources) {
      if (this.#waiting.length <= MAX_WAITING_CHARS) this.#waiting += source.take();
    }
  }

  #lineOf({ path, model, version, label, millis, ...rest }: AccessEntry): string {
    const { now = () => new Date() } = this.#options;
    const line = {
      time: now().toISOString(),
      ...rest,
      path: shortened(path),
      model: shortened(model),
      version: shortened(version),
      label: shortened(label),
      millis: Math.round(millis * 1000) / 1000,
    };
    return `${JSON.stringify(line)}\n`;
  }

  async #write(): Promise<void> {
    let text = this.#waiting;
    this.#waiting = '';
    for (const source of this.#sources) this.#leftOut += source.takeLeftOut();
    if (this.#leftOut > 0) text += `${JSON.stringify({ leftOut: this.#leftOut })}\n`;
    this.#leftOut = 0;
    if (text === '') return;
    const { path, log, append = appendText } = this.#options;
    try {
      await append(path, text);
      this.#hasFailed = false;
    } catch (error) {
      // Once, until it is mended: each further line would be another of these.
      if (!this.#hasFailed) log.error(`--access_log=${path}: ${(error as Error).message}`);
      this.#hasFailed = true;
    }
  }
}

/** Opened each time: a file that was moved away is begun anew. */
async function appendText(path: string, text: string): Promise<void> {
  if (path !== STANDARD_OUTPUT) {
    await appendFile(path, text, { mode: 0o640 });
    return;
  }
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

function shortened(text: string | null): string | null {
  return text === null || text.length <= MAX_TEXT_CHARS
    ? text
    : `${text.slice(0, MAX_TEXT_CHARS)}...`;
}

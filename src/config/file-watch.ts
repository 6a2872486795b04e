/**
 * FileWatch: says when a file is to be read anew: it has changed, or SIGHUP has come. By its metadata, now
 * and then: a mounted secret is replaced by links, of which the system tells nobody.
 */
import { unwatchFile, watchFile } from 'node:fs';

const POLL_MILLIS = 2000;

export class FileWatch {
  readonly #file: string;
  readonly #read: (why: string) => Promise<void>;
  /** One after the other. */
  #work: Promise<void> = Promise.resolve();

  /** `read` rejects never. */
  constructor(file: string, read: (why: string) => Promise<void>) {
    this.#file = file;
    this.#read = read;
    watchFile(file, { interval: POLL_MILLIS, persistent: false }, this.#onChange);
    process.on('SIGHUP', this.#onSignal);
  }

  stop(): void {
    unwatchFile(this.#file, this.#onChange);
    process.off('SIGHUP', this.#onSignal);
  }

  readonly #onChange = (): void => this.#readAnew('it has changed');
  readonly #onSignal = (): void => this.#readAnew('SIGHUP');

  #readAnew(why: string): void {
    this.#work = this.#work.then(() => this.#read(why));
  }
}

/**
 * CertificateWatch: reads --ssl_config_file anew when it has changed or SIGHUP comes, and hands on what is
 * right; what is wrong is logged, and the certificates in use stay.
 */
import { unwatchFile, watchFile } from 'node:fs';

import { readSslConfig, type SslConfig } from '../config/ssl-config.js';
import type { Log } from '../log/log.js';
import { ServingError } from '../status/serving-error.js';

/** By its metadata: a mounted secret is replaced by links, of which the system tells nobody. */
const POLL_MILLIS = 2000;

/** Resolves to the transports that need a restart. */
export type Renew = (ssl: SslConfig) => Promise<readonly string[]>;

export class CertificateWatch {
  readonly #file: string;
  readonly #renew: Renew;
  readonly #log: Log;
  /** One after the other. */
  #work: Promise<void> = Promise.resolve();

  constructor(file: string, renew: Renew, log: Log) {
    this.#file = file;
    this.#renew = renew;
    this.#log = log;
    watchFile(file, { interval: POLL_MILLIS, persistent: false }, this.#onChange);
    process.on('SIGHUP', this.#onSignal);
  }

  stop(): void {
    unwatchFile(this.#file, this.#onChange);
    process.off('SIGHUP', this.#onSignal);
  }

  readonly #onChange = (): void => this.#read('it has changed');
  readonly #onSignal = (): void => this.#read('SIGHUP');

  #read(why: string): void {
    this.#work = this.#work.then(async () => {
      try {
        const without = await this.#renew(await readSslConfig(this.#file));
        this.#log.info(
          `--ssl_config_file: read anew (${why}): new connections get its certificates`,
        );
        if (without.length === 0) return;
        this.#log.warn(`--ssl_config_file: not before a restart: ${without.join(', ')}`);
      } catch (error) {
        const { message } = ServingError.from(error);
        this.#log.error(`--ssl_config_file: the certificates in use stay (${why}): ${message}`);
      }
    });
  }
}

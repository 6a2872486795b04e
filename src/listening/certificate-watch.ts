/**
 * CertificateWatch: reads --ssl_config_file anew when it has changed or SIGHUP comes, and hands on what is
 * right; what is wrong is logged, and the certificates in use stay.
 */
import { FileWatch } from '../config/file-watch.js';
import { readSslConfig, type SslConfig } from '../config/ssl-config.js';
import type { Log } from '../log/log.js';
import { ServingError } from '../status/serving-error.js';

/** Resolves to the transports that need a restart. */
export type Renew = (ssl: SslConfig) => Promise<readonly string[]>;

export class CertificateWatch {
  readonly #watch: FileWatch;

  constructor(file: string, renew: Renew, log: Log) {
    this.#watch = new FileWatch(file, async (why) => {
      try {
        const without = await renew(await readSslConfig(file));
        log.info(`--ssl_config_file: read anew (${why}): new connections get its certificates`);
        if (without.length === 0) return;
        log.warn(`--ssl_config_file: not before a restart: ${without.join(', ')}`);
      } catch (error) {
        const { message } = ServingError.from(error);
        log.error(`--ssl_config_file: the certificates in use stay (${why}): ${message}`);
      }
    });
  }

  stop(): void {
    this.#watch.stop();
  }
}

/**
 * AccessControl: the policy in force: that of --auth_config_file, read anew when it changes, and the limit
 * of --max_concurrent_requests. One for the process, on the main thread; the addon has it for all threads.
 */
import { readAuthConfig, type AuthConfig } from '../config/auth-config.js';
import { FileWatch } from '../config/file-watch.js';
import type { Log } from '../log/log.js';
import { addon } from '../native/addon.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import { digestOf } from './credentials.js';
import { nativePolicy, tokenPrincipal } from './policy.js';
import { TokenVerifier } from './tokens.js';

/** Lines about tokens that could not be looked at; a flood of them says no more. */
const COMPLAINT_MILLIS = 10_000;
/** Each takes a moment of another thread, or a question to its issuer. */
const MAX_PENDING = 1000;

export interface AccessControlOptions {
  /** Empty: anybody may do everything. */
  readonly authConfigFile: string;
  /** 0: no limit. */
  readonly maxConcurrentRequests: number;
  readonly log: Log;
}

export class AccessControl {
  readonly #options: AccessControlOptions;
  #config: AuthConfig | null = null;
  #tokens: TokenVerifier | null = null;
  #watch: FileWatch | null = null;
  /** Tokens that are looked at: clients send the same one many times before the first answer. */
  readonly #pending = new Map<string, Promise<number>>();
  #complainedAt = -Infinity;

  constructor(options: AccessControlOptions) {
    this.#options = options;
  }

  /** @throws ServingError: a server that would let everybody in does not start */
  async start(): Promise<void> {
    const { authConfigFile: file, maxConcurrentRequests: most, log } = this.#options;
    if (file === '') {
      if (most > 0) addon().accessConfigure(nativePolicy(null, most));
      return;
    }
    await this.#read();
    this.#watch = new FileWatch(file, async (why) => {
      try {
        await this.#read();
        log.info(`--auth_config_file: read anew (${why})`);
      } catch (error) {
        const { message, violations } = ServingError.from(error);
        log.error(
          { violations },
          `--auth_config_file: what is in force stays (${why}): ${message}`,
        );
      }
    });
  }

  stop(): void {
    this.#watch?.stop();
  }

  /** As VerifyToken. */
  verify(token: string): Promise<number> {
    const pending = this.#pending.get(token);
    if (pending !== undefined) return pending;
    if (this.#pending.size >= MAX_PENDING) {
      const message = 'Too many tokens are being looked at. Try again later.';
      const options = { retryAfterMillis: 1000 };
      return Promise.reject(new ServingError(StatusCode.UNAVAILABLE, message, [], options));
    }
    const work = this.#verify(token)
      .catch((error: unknown) => {
        this.#complain(ServingError.from(error));
        throw error;
      })
      .finally(() => this.#pending.delete(token));
    this.#pending.set(token, work);
    return work;
  }

  /** By what is in force at the end: it may have changed meanwhile. */
  async #verify(token: string): Promise<number> {
    for (;;) {
      const config = this.#config;
      const verified = (await this.#tokens?.verify(token)) ?? null;
      if (verified === null || config === null) return 0;
      if (config !== this.#config) continue;
      const principal = tokenPrincipal(config, verified);
      return addon().accessLearn(digestOf(token), principal, verified.lifetimeMillis);
    }
  }

  async #read(): Promise<void> {
    const { authConfigFile, maxConcurrentRequests } = this.#options;
    const config = await readAuthConfig(authConfigFile);
    const tokens = await TokenVerifier.of(config.issuers);
    this.#tokens = tokens;
    this.#config = config;
    addon().accessConfigure(nativePolicy(config, maxConcurrentRequests));
  }

  #complain({ message, cause }: ServingError): void {
    const now = performance.now();
    if (now - this.#complainedAt < COMPLAINT_MILLIS) return;
    this.#complainedAt = now;
    this.#options.log.error({ err: cause }, `a token was refused: ${message}`);
  }
}

/**
 * AccessControl: the policy in force for a surface (what faces clients, or the admin port): that of its file,
 * read anew when it changes, and a limit for all. On the main thread; the addon has it for all threads.
 */
import { readAuthConfig, type AuthConfig } from '../config/auth-config.js';
import { FileWatch } from '../config/file-watch.js';
import type { Flags } from '../config/flag-table.js';
import type { Log } from '../log/log.js';
import { AccessSurface } from '../native/access.js';
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
  readonly surface: AccessSurface;
  /** That names the file, for the log. */
  readonly flag: string;
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
    const { flag, authConfigFile: file, maxConcurrentRequests: most, log } = this.#options;
    if (file === '') {
      if (most > 0) addon().accessConfigure(this.#options.surface, nativePolicy(null, most));
      return;
    }
    await this.#read();
    this.#watch = new FileWatch(file, async (why) => {
      try {
        await this.#read();
        log.info(`--${flag}: read anew (${why})`);
      } catch (error) {
        const { message, violations } = ServingError.from(error);
        log.error({ violations }, `--${flag}: what is in force stays (${why}): ${message}`);
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
      return addon().accessLearn(
        this.#options.surface,
        digestOf(token),
        principal,
        verified.lifetimeMillis,
      );
    }
  }

  async #read(): Promise<void> {
    const { authConfigFile, maxConcurrentRequests } = this.#options;
    const config = await readAuthConfig(authConfigFile);
    const tokens = await TokenVerifier.of(config.issuers);
    this.#tokens = tokens;
    this.#config = config;
    addon().accessConfigure(this.#options.surface, nativePolicy(config, maxConcurrentRequests));
  }

  #complain({ message, cause }: ServingError): void {
    const now = performance.now();
    if (now - this.#complainedAt < COMPLAINT_MILLIS) return;
    this.#complainedAt = now;
    this.#options.log.error({ err: cause }, `a token was refused: ${message}`);
  }
}

/** As accessFamilies() has it. */
export function refusedRequests(
  flags: Pick<Flags, 'admin_port'>,
): Record<string, readonly number[]> {
  const refused = { public: addon().accessRefused(AccessSurface.public) };
  if (flags.admin_port === 0) return refused;
  return { ...refused, admin: addon().accessRefused(AccessSurface.admin) };
}

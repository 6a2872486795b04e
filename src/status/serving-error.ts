/**
 * The one error type that may leave a module, and the canonical codes it carries: the same numbers
 * in TensorFlow, gRPC and the addon.
 */
export const StatusCode = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

export type StatusCode = (typeof StatusCode)[keyof typeof StatusCode];

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(StatusCode).map(([name, code]) => [code, name]),
);

/** `INVALID_ARGUMENT` for 3; what upstream prints inside messages. */
export function statusName(code: number): string {
  return NAMES.get(code) ?? 'UNKNOWN';
}

const SERVER_FAULTS: ReadonlySet<number> = new Set([
  StatusCode.UNKNOWN,
  StatusCode.DEADLINE_EXCEEDED,
  StatusCode.RESOURCE_EXHAUSTED,
  StatusCode.INTERNAL,
  StatusCode.UNAVAILABLE,
  StatusCode.DATA_LOSS,
]);

/** Whether an operator should look at it; the other codes are about what the client asked for. */
export function isServerFault(code: number): boolean {
  return SERVER_FAULTS.has(code);
}

/** What a message leaves out: where it was wrong, what was expected there and what was given. */
export interface Violation {
  /** A path into what was read, `inputs["x"]` or `models.config:12:5`; empty where there is none. */
  readonly field: string;
  readonly description: string;
}

export interface ServingErrorOptions extends ErrorOptions {
  /** After this time the same request may succeed. */
  readonly retryAfterMillis?: number;
  /** Waiting helps nothing: it stays an error until someone mends what it is about. */
  readonly isPermanent?: boolean;
}

/** `message` reaches the client unchanged; the rest travels beside it, and goes to the log. */
export class ServingError extends Error {
  override readonly name = 'ServingError';
  readonly code: StatusCode;
  readonly violations: readonly Violation[];
  /** Null: nothing is known. */
  readonly retryAfterMillis: number | null;
  readonly isPermanent: boolean;

  constructor(
    code: number,
    message: string,
    violations: readonly Violation[] = [],
    options?: ServingErrorOptions,
  ) {
    super(message, options); // options.cause keeps the file system's error for the log
    this.code = NAMES.has(code) ? (code as StatusCode) : StatusCode.UNKNOWN;
    this.violations = violations;
    this.retryAfterMillis = options?.retryAfterMillis ?? null;
    this.isPermanent = options?.isPermanent ?? false;
  }

  /** Any thrown value as a ServingError; what is not one is a bug of ours, hence INTERNAL. */
  static from(thrown: unknown): ServingError {
    if (thrown instanceof ServingError) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new ServingError(StatusCode.INTERNAL, message, [], { cause: thrown });
  }

  /** `INVALID_ARGUMENT: text`, as upstream prints a status. */
  override toString(): string {
    return `${statusName(this.code)}: ${this.message}`;
  }
}

/**
 * Parses the server's command line as upstream does (TensorFlow's own flag parser, not getopt):
 * `--name=value` only, booleans also bare, the last one wins, whatever is not recognised is set
 * aside. Pure: no process access, no I/O; the caller prints and exits as `kind` says.
 */
import { defaultOf, FLAG_TABLE, type Flags, type FlagSpec } from './flag-table.js';

/** What to do with a command line; listed in upstream's order of precedence. */
export type ParsedFlags =
  /** Log each error to stderr, print the usage text, exit 255. */
  | { readonly kind: 'error'; readonly errors: readonly string[] }
  /** Print the usage text, exit 255. */
  | { readonly kind: 'help' }
  /** Print the version text, exit 0. */
  | { readonly kind: 'version' }
  /**
   * Print the notice for `unknown` if there is one, then `message`, exit 255: a value on which
   * upstream crashes while starting.
   */
  | { readonly kind: 'refused'; readonly message: string; readonly unknown: string | null }
  /**
   * Start. When `unknown` is set, first print its notice and the usage text; log the warnings.
   */
  | {
      readonly kind: 'run';
      readonly flags: Flags;
      readonly warnings: readonly string[];
      readonly unknown: string | null;
    };

/** A command line as it was read, all that is wrong with it included. */
export interface CommandLine {
  /** Those that could not be read have their defaults. */
  readonly flags: Flags;
  readonly errors: readonly string[];
  /** In their order; after `--`, which is one, nothing is looked at. */
  readonly unknown: readonly string[];
  /** Values with which no start can work. */
  readonly refusals: readonly string[];
  readonly warnings: readonly string[];
}

const SPEC_BY_NAME: ReadonlyMap<string, FlagSpec> = new Map(
  FLAG_TABLE.map((spec): [string, FlagSpec] => [spec.name, spec]),
);

/**
 * `argv` holds the arguments alone, without interpreter and script; `cpus` sets the defaults
 * that depend on it.
 */
export function parseFlags(argv: readonly string[], cpus: number): ParsedFlags {
  const { flags, errors, unknown: unknowns, refusals, warnings } = readCommandLine(argv, cpus);
  const [unknown = null] = unknowns;
  if (errors.length > 0) return { kind: 'error', errors };
  if (unknown === '--help') return { kind: 'help' };
  if (flags.version) return { kind: 'version' };
  const [refusal] = refusals;
  if (refusal !== undefined) {
    const message = `Failed to start server. Error: INVALID_ARGUMENT: ${refusal}`;
    return { kind: 'refused', message, unknown };
  }
  return { kind: 'run', flags, warnings, unknown };
}

/** The same, as a whole. */
export function readCommandLine(argv: readonly string[], cpus: number): CommandLine {
  const values = new Map<string, boolean | number | string>();
  for (const spec of FLAG_TABLE) values.set(spec.name, defaultOf(spec, cpus));

  const errors: string[] = [];
  const unknown: string[] = [];
  for (const argument of argv) {
    if (argument === '--') {
      unknown.push(argument);
      break; // everything after it would be unknown too
    }
    const recognised = recognise(argument);
    if (recognised === null) {
      unknown.push(argument);
      continue;
    }
    const { spec, text } = recognised;
    const value = parseValue(spec, text);
    if (value === null) {
      errors.push(`Couldn't interpret value ${text ?? ''} for flag ${spec.name}.`);
    } else {
      values.set(spec.name, value);
    }
  }
  const flags = Object.fromEntries(values) as Flags; // the table has an entry for every key
  return {
    flags,
    errors,
    unknown,
    refusals: refusalsOf(flags),
    warnings: warningsFor(values, cpus),
  };
}

/** The flag an argument sets and the text after `=` (null: none); null for an unknown argument. */
function recognise(argument: string): { spec: FlagSpec; text: string | null } | null {
  if (!argument.startsWith('--')) return null;
  const equals = argument.indexOf('=');
  const spec = SPEC_BY_NAME.get(argument.slice(2, equals < 0 ? undefined : equals));
  if (spec === undefined) return null;
  if (equals >= 0) return { spec, text: argument.slice(equals + 1) };
  return spec.type === 'bool' ? { spec, text: null } : null;
}

/** Null when the text is no value of the flag's type. `text` is null only for booleans. */
function parseValue(spec: FlagSpec, text: string | null): boolean | number | string | null {
  if (text === null) return true;
  switch (spec.type) {
    case 'bool':
      return parseBool(text);
    case 'int32':
      return parseInteger(text, 32);
    case 'int64':
      return parseInteger(text, 64);
    case 'float':
      return parseFloat32(text);
    case 'string':
      return spec.choices === undefined || spec.choices.includes(text) ? text : null;
  }
}

function parseBool(text: string): boolean | null {
  const lower = text.toLowerCase();
  if (lower === 'true' || lower === '1') return true;
  if (lower === 'false' || lower === '0') return false;
  return null;
}

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

/**
 * As C's scanf reads `%d` and `%lld`: blanks and a sign may lead, nothing may follow; too large a
 * value first saturates at 64 bits, and `%d` then keeps the low 32.
 */
function parseInteger(text: string, bits: 32 | 64): number | null {
  const digits = /^[ \t\n\v\f\r]*([+-]?)([0-9]+)$/.exec(text);
  if (digits === null) return null;
  const magnitude = BigInt(digits[2] ?? '0');
  const value = digits[1] === '-' ? -magnitude : magnitude;
  const saturated = value > INT64_MAX ? INT64_MAX : value < INT64_MIN ? INT64_MIN : value;
  return Number(BigInt.asIntN(bits, saturated));
}

/** As C's scanf reads `%f`, hexadecimal floats left out. */
function parseFloat32(text: string): number | null {
  const body = text.replace(/^[ \t\n\v\f\r]+/, '');
  if (/^[+-]?nan$/i.test(body)) return NaN;
  if (/^[+-]?inf(inity)?$/i.test(body)) return body.startsWith('-') ? -Infinity : Infinity;
  if (!/^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?$/i.test(body)) return null;
  return Math.fround(Number(body));
}

/** Why a start with these values cannot work, for the values on which upstream crashes. */
function refusalsOf(flags: Flags): string[] {
  const refusals: string[] = [];
  for (const spec of FLAG_TABLE as readonly FlagSpec[]) {
    const value = flags[spec.name as keyof Flags];
    if (spec.atLeast !== undefined && typeof value === 'number' && value < spec.atLeast) {
      refusals.push(`--${spec.name} must be at least ${spec.atLeast}, got ${value}`);
    }
  }
  const entries = flags.grpc_channel_arguments.split(',').filter((entry) => entry !== '');
  const broken = entries.filter((entry) => !entry.includes('='));
  const takes = '--grpc_channel_arguments takes key=value entries, got';
  return [...refusals, ...broken.map((entry) => `${takes} ${entry}`)];
}

function warningsFor(
  values: ReadonlyMap<string, boolean | number | string>,
  cpus: number,
): string[] {
  return (FLAG_TABLE as readonly FlagSpec[])
    .filter((spec) => spec.effect === 'later')
    .filter((spec) => !Object.is(values.get(spec.name), defaultOf(spec, cpus)))
    .map((spec) => `--${spec.name} is accepted but has no effect yet`);
}

/** The arguments of a command: `--name=value` and bare `--name`, as the server's flags, and the rest. Pure. */
import { UsageError } from './usage-error.js';

export class Arguments {
  readonly positional: readonly string[];
  readonly #switches = new Set<string>();
  readonly #values = new Map<string, string>();

  /** @throws UsageError for an option that is not among those named */
  constructor(argv: readonly string[], switches: readonly string[], values: readonly string[]) {
    const positional: string[] = [];
    for (const argument of argv) {
      if (!argument.startsWith('--')) {
        positional.push(argument);
        continue;
      }
      const equals = argument.indexOf('=');
      const name = argument.slice(2, equals < 0 ? undefined : equals);
      if (equals < 0 && switches.includes(name)) this.#switches.add(name);
      else if (equals >= 0 && values.includes(name)) {
        this.#values.set(name, argument.slice(equals + 1));
      } else if (values.includes(name))
        throw new UsageError(`--${name} needs a value: --${name}=…`);
      else throw new UsageError(`unknown option ${argument}`);
    }
    this.positional = positional;
  }

  has(name: string): boolean {
    return this.#switches.has(name);
  }

  value(name: string): string | null {
    return this.#values.get(name) ?? null;
  }

  /** The positional arguments, `most` of them at most. @throws UsageError */
  take(least: number, most: number): readonly string[] {
    const { length } = this.positional;
    if (length < least) throw new UsageError('arguments are missing');
    if (length > most) throw new UsageError(`unexpected argument ${this.positional[most] ?? ''}`);
    return this.positional;
  }
}

const INT64_MAX = 2n ** 63n - 1n;

/** @throws UsageError */
export function versionOf(text: string): bigint {
  const version = /^\d+$/.test(text) ? BigInt(text) : null;
  if (version === null || version > INT64_MAX) throw new UsageError(`${text} is no version`);
  return version;
}

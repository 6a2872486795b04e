/**
 * The command line as data: upstream's flags, then tensorgate's own. Parsing is in flags.ts, printing in
 * usage.ts.
 */
import type { FlagSpec, FlagType } from './flag-spec.js';
import { TENSORGATE_FLAGS } from './own-flags.js';
import { UPSTREAM_FLAGS } from './upstream-flags.js';

export type { FlagSpec } from './flag-spec.js';
export { TENSORGATE_FLAGS, UPSTREAM_FLAGS };

/** Every flag, in the order of the usage text. */
export const FLAG_TABLE = [...UPSTREAM_FLAGS, ...TENSORGATE_FLAGS] as const;

type FlagValue<T extends FlagType> = T extends 'bool'
  ? boolean
  : T extends 'string'
    ? string
    : number;

/** The values of one command line, under the names as typed there. */
export type Flags = {
  readonly [S in (typeof FLAG_TABLE)[number] as S['name']]: FlagValue<S['type']>;
};

/** UNITS: `cpus` as from usableCpus(). */
export function defaultOf(spec: FlagSpec, cpus: number): boolean | number | string {
  return typeof spec.default === 'function' ? spec.default(cpus) : spec.default;
}

/** FlagSpec: what the tables of flags say of one flag. */

export type FlagType = 'int32' | 'int64' | 'bool' | 'string' | 'float';

/** A default may depend on how many CPUs the process may use. */
export type FlagDefault = boolean | number | string | ((cpus: number) => number);

export interface FlagSpec {
  readonly name: string;
  readonly type: FlagType;
  readonly default: FlagDefault;
  /** `later`: accepted and checked, but without effect so far; a non-default value warns. */
  readonly effect: 'served' | 'later';
  readonly help: string;
  /** The only values a string flag takes; any when absent. */
  readonly choices?: readonly string[];
  /** Values below are refused at start, where upstream aborts. */
  readonly atLeast?: number;
}

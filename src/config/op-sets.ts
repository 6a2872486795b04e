/**
 * Op sets: the ops that a server takes in by name, with --ops, where upstream's server has them linked in.
 * scripts/fetch-ops.sh knows which wheel has the libraries of each.
 */
import { ServingError, StatusCode } from '../status/serving-error.js';

export const OP_SETS: readonly string[] = ['text'];

/**
 * The sets that a server loads: those of the flag, or, where it is empty, of TENSORGATE_OPS.
 * @throws ServingError INVALID_ARGUMENT for a name that there is none of
 */
export function opSetsOf(flag: string, env: NodeJS.ProcessEnv): readonly string[] {
  const [origin, list] =
    flag === '' ? ['TENSORGATE_OPS', env['TENSORGATE_OPS'] ?? ''] : ['--ops', flag];
  const names = [...new Set(list.split(',').filter((name) => name !== ''))];
  const unknown = names.find((name) => !OP_SETS.includes(name));
  if (unknown === undefined) return names;
  throw new ServingError(
    StatusCode.INVALID_ARGUMENT,
    `${origin} names ops that are not known: ${unknown}; known are: ${OP_SETS.join(', ')}`,
  );
}

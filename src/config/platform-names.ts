/**
 * The names that `model_platform` may have. TensorFlow's is always one; who starts a server, or checks a
 * configuration, adds those of the other platforms before any is read.
 */
export const TENSORFLOW = 'tensorflow';

const known = new Set([TENSORFLOW]);

export function addPlatformNames(names: Iterable<string>): void {
  for (const name of names) known.add(name);
}

export function isPlatformName(name: string): boolean {
  return known.has(name);
}

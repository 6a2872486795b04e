/**
 * The names that `model_platform` may have, and by which file a version of each is known. TensorFlow's is always
 * one; who starts a server, or checks a configuration, adds the other platforms before any is read.
 */
export const TENSORFLOW = 'tensorflow';

/** Null: whatever is in a version's folder. TensorFlow's are known by more than a name: see model-files.ts. */
const mainFiles = new Map<string, string | null>([[TENSORFLOW, null]]);

export function addPlatforms(
  platforms: Iterable<readonly [name: string, mainFile: string | null]>,
): void {
  for (const [name, mainFile] of platforms) mainFiles.set(name, mainFile);
}

let knowsAll = false;

/** For clients of servers: a server knows its names itself, those of plugins as well. */
export function knowAllNames(): void {
  knowsAll = true;
}

export function knowsAllNames(): boolean {
  return knowsAll;
}

export function isPlatformName(name: string): boolean {
  return knowsAll || mainFiles.has(name);
}

/** The file without which a folder is no version of that platform; null: any folder is one. */
export function mainFileOf(platform: string): string | null {
  return mainFiles.get(platform) ?? null;
}

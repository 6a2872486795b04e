/**
 * VersionFolders: what a model's base path holds, as of one look: the versions, and whether each is
 * complete. The names that count are those upstream counts: a decimal int64, blanks around it and
 * leading zeros allowed.
 */
import { createHash } from 'node:crypto';
import { lstat, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

const INT64_MAX = 2n ** 63n - 1n;
/** Any of these makes a folder a model; the last one is refused at load, with upstream's text. */
const MODEL_FILES: ReadonlySet<string> = new Set([
  'saved_model.pb',
  'saved_model.pbtxt',
  'model.tflite',
  'export.meta',
]);
/** Of one version that are looked at; a model has a few dozen. */
const MAX_FILES = 10_000;

export interface VersionFolder {
  readonly version: bigint;
  readonly path: string;
}

export interface FolderState {
  /** Holds a model's own file. */
  readonly isModel: boolean;
  /** When anything in it last changed, by the file system's clock, in milliseconds. */
  readonly changedMillis: number;
  /** Of all names, sizes and times in it. */
  readonly fingerprint: string;
}

/** The version a folder name stands for; null when it is none. */
export function versionOf(folder: string): bigint | null {
  const digits = /^\s*([+-]?)(\d+)\s*$/.exec(folder);
  if (digits === null) return null;
  const version = BigInt(`${digits[1] === '-' ? '-' : ''}${digits[2] ?? ''}`);
  return version > INT64_MAX || version < -INT64_MAX - 1n ? null : version;
}

/**
 * The versions among names, highest first, and the names that are none. Of names for the same version
 * the last in byte order counts. Hidden names are passed over.
 */
export function versionsAmong(
  basePath: string,
  names: readonly string[],
): { versions: VersionFolder[]; others: string[] } {
  const found = new Map<bigint, string>();
  const others: string[] = [];
  for (const name of [...names].sort()) {
    const version = versionOf(name);
    if (version === null) {
      if (!name.startsWith('.')) others.push(name);
    } else found.set(version, join(basePath, name));
  }
  const versions = [...found].map(([version, path]) => ({ version, path }));
  return { versions: versions.sort((a, b) => (a.version < b.version ? 1 : -1)), others };
}

/**
 * Looks at every file of a version. The time is that of the last change of content, name or place of
 * anything inside, whatever time a copy gave to it; moving the folder itself does not count, so that a
 * version that was written elsewhere and renamed into place is complete at once.
 */
export async function folderStateOf(path: string): Promise<FolderState> {
  const top = await stat(path);
  const hash = createHash('sha256');
  let isModel = false;
  let changedMillis = top.mtimeMs;
  if (top.isDirectory()) {
    const pending = [path];
    for (let folder = pending.pop(), seen = 0; folder !== undefined; folder = pending.pop()) {
      for (const name of (await readdir(folder)).sort()) {
        if (++seen > MAX_FILES) return { isModel, changedMillis, fingerprint: hash.digest('hex') };
        const file = join(folder, name);
        const { size, ctimeMs, ino } = await lstat(file).then((found) => {
          if (found.isDirectory()) pending.push(file);
          return found;
        });
        if (folder === path && MODEL_FILES.has(name)) isModel = true;
        changedMillis = Math.max(changedMillis, ctimeMs);
        hash.update(`${file}\0${size}\0${ctimeMs}\0${ino}\n`);
      }
    }
  }
  return { isModel, changedMillis, fingerprint: hash.digest('hex') };
}

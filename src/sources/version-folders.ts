/**
 * VersionFolders: what a model's base path holds, as of one look: the versions, and whether each is
 * complete. The names that count are those upstream counts: a decimal int64, blanks around it and
 * leading zeros allowed.
 */
import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { lstat, readdir, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { mainFileOf, TENSORFLOW } from '../config/platform-names.js';
import {
  isSavedModelFile,
  modelFileIn,
  SESSION_BUNDLE_FILE,
  unservedFormat,
} from '../core/model-files.js';
import { errnoOf } from '../status/file-error.js';

const INT64_MAX = 2n ** 63n - 1n;
/** Of one version that are looked at; a model has a few dozen. */
const MAX_FILES = 10_000;

export interface VersionFolder {
  readonly version: bigint;
  readonly path: string;
}

export interface FolderState {
  /** Why it is no model; null: it holds one, or the server may not see whether it does. */
  readonly lack: string | null;
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
 * version that was written elsewhere and renamed into place is complete at once. What may not be read is
 * passed over here: the load refuses it, and says so. Null: the version is gone.
 */
export async function folderStateOf(
  path: string,
  platform = TENSORFLOW,
): Promise<FolderState | null> {
  let top: Stats;
  try {
    top = await stat(path);
  } catch (error) {
    return linkStateOf(path, errnoOf(error));
  }
  const hash = createHash('sha256').update(`${path}\n`);
  if (!top.isDirectory()) {
    return { lack: 'not a folder', changedMillis: top.mtimeMs, fingerprint: hash.digest('hex') };
  }
  let changedMillis = top.mtimeMs;
  const passedOver = (error: unknown): null => {
    if (errnoOf(error) === 'ENOENT') changedMillis = Date.now(); // gone since it was listed: no rest yet
    return null;
  };
  let inside: string[] | null = null;
  const pending = [path];
  for (let folder = pending.pop(), seen = 0; folder !== undefined; folder = pending.pop()) {
    const names = await readdir(folder).catch(passedOver);
    hash.update(`${folder}\0${names === null ? 'denied' : 'listed'}\n`);
    if (folder === path) inside = names;
    for (const name of names?.sort() ?? []) {
      if (++seen > MAX_FILES) break;
      const file = join(folder, name);
      const found = await lstat(file).catch(passedOver);
      if (found === null) continue;
      if (found.isDirectory()) pending.push(file);
      changedMillis = Math.max(changedMillis, found.ctimeMs);
      hash.update(`${file}\0${found.size}\0${found.ctimeMs}\0${found.ino}\n`);
    }
  }
  const lack = inside === null ? null : lackOf(platform, inside);
  return { lack, changedMillis, fingerprint: hash.digest('hex') };
}

/** Of what cannot be followed: a link that leads nowhere, or a folder that may not be looked into. */
async function linkStateOf(path: string, errno: string): Promise<FolderState | null> {
  const link = await lstat(path).catch(() => null);
  if (link === null) return null;
  const fingerprint = `${path}: ${errno}`;
  const changedMillis = link.ctimeMs;
  if (!link.isSymbolicLink() || errno === 'EACCES')
    return { lack: null, changedMillis, fingerprint };
  const target = await readlink(path).catch(() => '');
  const what =
    errno === 'ELOOP' ? 'a link that leads in a circle' : `a link to ${target}, not there`;
  return { lack: what, changedMillis, fingerprint: `${fingerprint} ${target}` };
}

function lackOf(platform: string, names: readonly string[]): string | null {
  if (platform !== TENSORFLOW) {
    const file = mainFileOf(platform);
    return file === null || names.includes(file) ? null : `no ${file} inside`;
  }
  if (names.some(isSavedModelFile) || names.includes(SESSION_BUNDLE_FILE)) return null;
  if (modelFileIn(names, false) !== null) return null;
  return unservedFormat(names) ?? 'no saved_model.pb inside';
}

/** What loading a version will take, guessed as upstream does: 1.2 times the size of its files. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { fileError } from '../status/file-error.js';
import { StatusCode } from '../status/serving-error.js';

const BYTES_PER_FILE_BYTE = 1.2;
/** A folder with more entries is counted up to here: the walk must end, links may lead in circles. */
const MAX_ENTRIES = 10_000;

/**
 * UNITS: bytes. Links are followed; a file that cannot be looked at counts nothing, since it is TensorFlow's
 * to refuse. @throws ServingError PERMISSION_DENIED for a folder that may not be listed, as upstream
 */
export async function estimateLoadBytes(
  folder: string,
  maxEntries: number = MAX_ENTRIES,
): Promise<number> {
  const folders = [folder];
  let entries = 0;
  let bytes = 0;
  for (let path = folders.pop(); path !== undefined; path = folders.pop()) {
    for (const name of await readdir(path).catch((error: unknown) => unlisted(path, error))) {
      if (++entries > maxEntries) return bytes * BYTES_PER_FILE_BYTE;
      const entry = join(path, name);
      const found = await stat(entry).catch(() => null);
      if (found?.isDirectory() === true) folders.push(entry);
      else if (found?.isFile() === true) bytes += found.size;
    }
  }
  return bytes * BYTES_PER_FILE_BYTE;
}

function unlisted(path: string, error: unknown): string[] {
  const denied = fileError(path, error);
  if (denied.code === StatusCode.PERMISSION_DENIED) throw denied;
  return [];
}

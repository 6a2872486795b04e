/** Content hashes of the inputs of a step, and the stamp files that remember what a step was run with. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/**
 * @param {string} root the paths count relative to it, so that a moved tree keeps its hash
 * @param {string[]} paths files and folders below root; those that do not exist count as empty
 * @param {string[]} [extra] further text that the step depends on
 * @param {(path: string) => boolean} [counts] which of the files count
 */
export function fingerprint(root, paths, extra = [], counts = () => true) {
  const hash = createHash('sha256');
  for (const text of extra) hash.update(`${text}\0`);
  for (const path of paths.flatMap((path) => filesIn(join(root, path))).filter(counts)) {
    hash.update(`${relative(root, path)}\0`);
    hash.update(readFileSync(path));
    hash.update('\0');
  }
  return hash.digest('hex');
}

/**
 * @param {string} path
 * @returns {string[]} the files at and below it, in a fixed order
 */
export function filesIn(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return [];
  if (stat.isFile()) return [path];
  if (!stat.isDirectory()) return [];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesIn(join(path, name)));
}

/** @param {string} path */
export function readStamp(path) {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/**
 * @param {string} path
 * @param {string} value
 */
export function writeStamp(path, value) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.${process.pid}`, `${value}\n`);
  renameSync(`${path}.${process.pid}`, path);
}

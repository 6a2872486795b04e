/** Runs the scripts that fetch (scripts/fetch-*.sh), with this Node.js, whatever is in the PATH. */
import { spawnSync } from 'node:child_process';
import { runShown } from './progress.mjs';

/** @param {readonly string[]} command script and arguments @returns {boolean} there is nothing to fetch */
export function isFetched(command) {
  return spawnSync('bash', [...command, '--check'], { stdio: 'ignore' }).status === 0;
}

/** @param {readonly string[]} command script and arguments @returns {Promise<number>} its exit status */
export function fetchShown(command) {
  return runShown('bash', [...command], { env: { ...process.env, NODE: process.execPath } });
}

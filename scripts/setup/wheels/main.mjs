/**
 * What the fetch scripts (scripts/wheel.sh) have Node do, so that they need no Python:
 *   download PROJECT WHEEL FOLDER     brings that file of the project's
 *   unpack KIND WHEEL FOLDER [ARG]    takes out what contents.mjs has of that kind
 *   cuda-libs PINS SCRATCH FOLDER     both, for each line NAME==VERSION --hash=sha256:… of the file PINS
 */
import { createHash } from 'node:crypto';
import { createReadStream, readFileSync, rmSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { unpack } from './contents.mjs';
import { download } from './index.mjs';
import { pipSettings } from './pip-settings.mjs';

/** @type {Record<string, (...args: string[]) => Promise<unknown>>} */
const COMMANDS = {
  download: (project, wheel, folder) =>
    download(project, (name) => name === wheel, folder, pipSettings()),
  unpack,
  'cuda-libs': cudaLibs,
};

/** @param {string} pins @param {string} scratch @param {string} folder */
async function cudaLibs(pins, scratch, folder) {
  const lines = readFileSync(pins, 'utf8').matchAll(/^(\S+?)==\S+ --hash=sha256:([0-9a-f]{64})/gm);
  for (const [, project = '', wanted] of lines) {
    const isWanted = (/** @type {string} */ _, /** @type {string | undefined} */ sha256) =>
      sha256 === wanted;
    const path = await download(project, isWanted, scratch, pipSettings());
    const hash = createHash('sha256');
    await pipeline(createReadStream(path), hash);
    const got = hash.digest('hex');
    if (got !== wanted) throw new Error(`do not match the hashes: expected ${wanted}, got ${got}`);
    await unpack('cuda', path, folder);
    rmSync(path);
  }
}

const [command = '', ...args] = process.argv.slice(2);
try {
  await COMMANDS[command](...args);
} catch (error) {
  console.log(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

/**
 * OpLibraries: which shared objects with ops are loaded, and when. Those of --ops and then those of
 * --custom_op_libraries before any model; those a version ships in assets.extra/ before that version,
 * if --allow_model_op_libraries says so. A library is code and may do whatever the server may.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

import type { ServableId } from '../core/servable.js';
import { servableIdText } from '../core/servable.js';
import type { Log } from '../log/log.js';
import type { NativeOpLibrary } from '../native/binding.js';
import { loadOpLibrary, tryOpLibraries } from '../native/op-library.js';

const FOLDER = 'assets.extra';

/** The paths in a value of --custom_op_libraries, in the order of loading. */
export function libraryPaths(flag: string): string[] {
  return flag.split(',').filter((path) => path !== '');
}

/** Those of --ops, of which each set has many. @throws ServingError naming the first that cannot be loaded */
export async function loadOpSets(paths: readonly string[], log: Log): Promise<void> {
  if (paths.length === 0) return;
  const startMillis = performance.now();
  for (const path of paths) await loadOpLibrary({ path, role: path, digest: await digestOf(path) });
  const millis = Math.round(performance.now() - startMillis);
  log.info({ millis }, `--ops: ${paths.length} op libraries are loaded`);
}

/** @throws ServingError naming the first that cannot be loaded */
export async function loadCustomOpLibraries(paths: readonly string[], log: Log): Promise<void> {
  for (const given of paths) {
    // A name without a slash would be looked for in the system's library folders.
    const path = resolve(given);
    await loadOpLibrary({ path, role: path, digest: await digestOf(path) });
    log.info(`op library ${path} is loaded`);
  }
}

export class ModelOpLibraries {
  readonly #allowed: boolean;
  readonly #log: Log;
  /** Versions whose libraries were passed over: told once, not at each attempt to load. */
  readonly #told = new WeakSet<ServableId>();
  #last: Promise<void> = Promise.resolve();

  constructor(allowed: boolean, log: Log) {
    this.#allowed = allowed;
    this.#log = log;
  }

  /** Loads what the version in `folder` ships, sorted by name. @throws ServingError */
  async prepare(id: ServableId, folder: string): Promise<void> {
    const names = await librariesIn(join(folder, FOLDER));
    if (names.length === 0) return;
    if (!this.#allowed) {
      if (this.#told.has(id)) return;
      this.#told.add(id);
      const servable = servableIdText(id);
      const what = names.map((name) => `${FOLDER}/${name}`).join(', ');
      this.#log.info({ servable }, `${what} not loaded: --allow_model_op_libraries is off`);
      return;
    }
    // One version after the other: a trial must see what the one before it has loaded.
    const loading = this.#last.then(() => loadShipped(resolve(folder), names));
    this.#last = loading.catch(() => undefined);
    await loading;
  }
}

/** A library that ends the process would end it for all models: each is tried in another process first. */
async function loadShipped(folder: string, names: readonly string[]): Promise<void> {
  const libraries: NativeOpLibrary[] = [];
  for (const name of names) {
    const path = join(folder, FOLDER, name);
    // The same name in another version of the model is the same library.
    const role = join(dirname(folder), '*', FOLDER, name);
    libraries.push({ path, role, digest: await digestOf(path) });
  }
  await tryOpLibraries(libraries);
  for (const library of libraries) await loadOpLibrary(library);
}

async function librariesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => name.endsWith('.so')).sort();
  } catch {
    return []; // no such folder: nothing is shipped
  }
}

/** SHA-256 of the content. What is no file, or cannot be read, is left to the addon to refuse. */
async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    if (!(await stat(path)).isFile()) return `no file: ${path}`; // a FIFO would wait for its writer
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
    return hash.digest('hex');
  } catch {
    return `unreadable: ${path}`;
  }
}

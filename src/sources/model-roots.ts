/**
 * ModelRoots: the folders of --model_roots, which base paths and versions must lie in, wherever links and
 * `..` lead. What a path leads to may change at any time, so it is asked at each look. Owns nothing.
 */
import { realpath } from 'node:fs/promises';
import { dirname, isAbsolute, relative, sep } from 'node:path';

import { localPath } from '../config/local-path.js';
import type { ModelConfig } from '../config/model-config.js';
import { sourceOf } from '../config/plugin-names.js';
import { errnoOf } from '../status/file-error.js';
import { ServingError, StatusCode } from '../status/serving-error.js';

export class ModelRoots {
  readonly #roots: readonly string[];

  /** `flag`: absolute paths between commas; empty: anywhere. @throws ServingError INVALID_ARGUMENT */
  constructor(flag: string) {
    this.#roots = flag.split(',').filter((root) => root !== '');
    const wrong = this.#roots.find((root) => !isAbsolute(root));
    if (wrong === undefined) return;
    const message = `--model_roots must be absolute paths between commas, got ${wrong}`;
    throw new ServingError(StatusCode.INVALID_ARGUMENT, message);
  }

  /** @throws ServingError PERMISSION_DENIED when the base path of one leads elsewhere */
  async check(models: readonly ModelConfig[]): Promise<void> {
    for (const { name, basePath } of models) {
      if (sourceOf(basePath) !== null) continue; // its versions are asked about
      const refusal = await this.refusalOf(localPath(basePath));
      if (refusal === null) continue;
      throw denied(`Base path of model ${name}: ${refusal}`);
    }
  }

  /** @throws ServingError PERMISSION_DENIED */
  async checkPath(path: string): Promise<void> {
    const refusal = await this.refusalOf(path);
    if (refusal !== null) throw denied(refusal);
  }

  /**
   * Why the path may not be used; null: it may. One that is not there may, when the folder in which it would
   * be lies in a root. Says nothing about where a path leads: who may name one may not know.
   */
  async refusalOf(path: string): Promise<string | null> {
    if (this.#roots.length === 0) return null;
    const real = await resolved(path);
    for (const root of this.#roots) {
      const realRoot = await realpath(root).catch(() => null); // mounted later, maybe
      if (real !== null && realRoot !== null && isWithin(realRoot, real)) return null;
    }
    return `${path} leads outside of --model_roots (${this.#roots.join(', ')})`;
  }
}

/** Of what is not there yet, where it would be; null where nobody can tell. */
async function resolved(path: string): Promise<string | null> {
  const missing: string[] = [];
  for (let part = path; ; part = dirname(part)) {
    try {
      const real = await realpath(part);
      return [real === sep ? '' : real, ...missing].join(sep) || sep;
    } catch (error) {
      // What `..` leaves depends on links that are not there; a link in a circle leads nowhere.
      const name = part.slice(part.lastIndexOf(sep) + 1);
      if (errnoOf(error) !== 'ENOENT' || name === '..' || part === dirname(part)) return null;
      if (name !== '' && name !== '.') missing.unshift(name);
    }
  }
}

function isWithin(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`);
}

function denied(message: string): ServingError {
  return new ServingError(StatusCode.PERMISSION_DENIED, message);
}

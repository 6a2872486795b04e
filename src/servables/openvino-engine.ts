/** OpenVinoEngine: --engine, for loads: whether OpenVINO may run what is frozen, and where it is. */
import { join } from 'node:path';

import type { Flags } from '../config/flag-table.js';
import type { Log } from '../log/log.js';
import type { NativeOpenVinoPlan } from '../native/binding.js';
import { ServingError, StatusCode } from '../status/serving-error.js';

/** Below --plan_cache_dir: files that OpenVINO names. */
const CACHE = 'openvino';

export class OpenVinoEngine {
  readonly #flags: Flags;
  readonly #cpus: number;
  readonly #find: () => Promise<string>;
  readonly #log: Log;
  #hasFailed = false;

  /** `cpus`: for a run that has them all. `find`: path of libopenvino_c.so, once it is there; rejects where it cannot be had. */
  constructor(flags: Flags, cpus: number, find: () => Promise<string>, log: Log) {
    this.#flags = flags;
    this.#cpus = cpus;
    this.#find = find;
    this.#log = log;
  }

  /**
   * Null: it is not asked for, or cannot be had and another will do.
   * @throws ServingError FAILED_PRECONDITION where it is asked for by name
   */
  async options(): Promise<NativeOpenVinoPlan | null> {
    const { engine, openvino_precision: precision, plan, plan_cache_dir: folder } = this.#flags;
    if (engine === 'tensorflow' || plan !== 'auto') return null;
    const cacheDir = folder === '' ? '' : join(folder, CACHE);
    try {
      const library = await this.#find();
      return { library, precision, cacheDir, wanted: engine === 'openvino', cpus: this.#cpus };
    } catch (cause) {
      const message = `--engine=${engine}: ${cause instanceof Error ? cause.message : String(cause)}`;
      if (engine === 'openvino') {
        throw new ServingError(StatusCode.FAILED_PRECONDITION, message, [], { cause });
      }
      if (!this.#hasFailed) this.#log.warn(message);
      this.#hasFailed = true;
      return null;
    }
  }
}

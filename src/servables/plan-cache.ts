/**
 * PlanCache: the folder of --plan_cache_dir: which execution plans earlier trials chose. A file for each
 * model, TensorFlow, machine and set of flags. Nothing here fails a load: what cannot be read is not
 * there, what cannot be written is told.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Log } from '../log/log.js';
import type { NativePlanChoice, PlanName } from '../native/binding.js';

const FORMAT = 1;
const MAX_BYTES = 4096;
const NAMES: readonly PlanName[] = ['as-saved', 'frozen', 'frozen+xla', 'openvino'];

/**
 * Of a model, what its graph, its weights and its trial depend on. The index of the variables has the
 * checksum of each.
 */
const FILES = [
  'saved_model.pb',
  'saved_model.pbtxt',
  'variables/variables.index',
  'assets.extra/tf_serving_warmup_requests',
];

export class PlanCache {
  readonly #folder: string;
  readonly #circumstances: () => readonly string[];
  readonly #log: Log;

  /** `circumstances`: what else a choice depends on: versions, machine, flags. */
  constructor(folder: string, circumstances: () => readonly string[], log: Log) {
    this.#folder = folder;
    this.#circumstances = circumstances;
    this.#log = log;
  }

  /** The file for the version in `path`. */
  async fileOf(path: string): Promise<string> {
    const hash = createHash('sha256').update(JSON.stringify(this.#circumstances()));
    for (const name of FILES) {
      hash.update(`\0${name}\0`);
      try {
        for await (const chunk of createReadStream(join(path, name))) hash.update(chunk as Buffer);
      } catch {
        hash.update('none');
      }
    }
    return join(this.#folder, `${hash.digest('hex')}.json`);
  }

  /** Null: there is none, or the file is no such file. */
  async read(file: string): Promise<NativePlanChoice | null> {
    try {
      const handle = await open(file);
      try {
        const { bytesRead, buffer } = await handle.read(Buffer.alloc(MAX_BYTES), 0, MAX_BYTES, 0);
        return bytesRead === MAX_BYTES
          ? null
          : choiceOf(JSON.parse(buffer.toString('utf8', 0, bytesRead)));
      } finally {
        await handle.close();
      }
    } catch {
      return null;
    }
  }

  async write(file: string, { plan, callerThread }: NativePlanChoice): Promise<void> {
    const scratch = `${file}.${process.pid}`;
    const text = JSON.stringify({ tensorgate_plan: FORMAT, plan, caller_thread: callerThread });
    try {
      await mkdir(this.#folder, { recursive: true });
      await writeFile(scratch, `${text}\n`);
      await rename(scratch, file);
    } catch (error) {
      this.#log.warn({ file }, `plan not kept: ${(error as Error).message}`);
      await rm(scratch, { force: true }).catch(() => undefined);
    }
  }
}

function choiceOf(json: unknown): NativePlanChoice | null {
  if (typeof json !== 'object' || json === null) return null;
  const { tensorgate_plan, plan, caller_thread } = json as Record<string, unknown>;
  const name = NAMES.find((each) => each === plan);
  if (tensorgate_plan !== FORMAT || name === undefined) return null;
  return typeof caller_thread === 'boolean' ? { plan: name, callerThread: caller_thread } : null;
}

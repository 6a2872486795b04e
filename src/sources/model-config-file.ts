/**
 * ModelConfigFile: the file of --model_config_file: read at start, then again at every interval when
 * there is one. A file that cannot be used leaves what is configured in force, and says so once.
 */
import { open, rename, unlink } from 'node:fs/promises';

import textFormat from 'protobufjs/ext/textformat.js';

import {
  modelServerConfigOf,
  modelServerConfigType,
  plainOf,
  type ModelConfig,
  type ModelServerConfig,
} from '../config/model-config.js';
import { readTextProtoFile } from '../config/text-proto.js';
import type { Log } from '../log/log.js';
import { ServingError } from '../status/serving-error.js';

export interface ModelConfigFileOptions {
  readonly path: string;
  /** 0 or less: the file is read once. */
  readonly pollWaitSeconds: number;
  readonly log: Log;
  /** Puts a configuration in force. */
  readonly reload: (config: ModelServerConfig) => Promise<void>;
  /** Told of each attempt. */
  readonly onReload?: (error: ServingError | null) => void;
}

export class ModelConfigFile {
  readonly #options: ModelConfigFileOptions;
  #timer: NodeJS.Timeout | null = null;
  #told = '';

  constructor(options: ModelConfigFileOptions) {
    this.#options = options;
  }

  /** @throws ServingError with upstream's text; its violations name line, column and field */
  async read(): Promise<ModelServerConfig> {
    return modelServerConfigOf(
      await readTextProtoFile(modelServerConfigType(), this.#options.path),
    );
  }

  /** Begins to look at the file again and again, if it is to be polled. */
  start(): void {
    const { pollWaitSeconds } = this.#options;
    if (pollWaitSeconds <= 0) return;
    this.#timer = setTimeout(() => {
      void this.#poll().then(() => {
        if (this.#timer !== null) this.start();
      });
    }, pollWaitSeconds * 1000);
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /**
   * Replaces the file's text by these models: comments are lost. Atomic: a reader sees the old file or
   * the new one. @throws the file system's error
   */
  async write(models: readonly ModelConfig[]): Promise<void> {
    const type = modelServerConfigType();
    const text = textFormat.toText(type, type.fromObject(plainOf(models)));
    const { path } = this.#options;
    const draft = `${path}.${process.pid}.tmp`;
    try {
      const file = await open(draft, 'w');
      try {
        await file.writeFile(`${text}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(draft, path);
    } catch (error) {
      await unlink(draft).catch(() => undefined);
      throw error;
    }
  }

  async #poll(): Promise<void> {
    const { log, reload, onReload } = this.#options;
    let trouble = 'Failed to read ModelServerConfig file: ';
    try {
      const config = await this.read();
      trouble = 'PollFilesystemAndReloadConfig failed to ReloadConfig: ';
      await reload(config);
      this.#told = '';
      onReload?.(null);
    } catch (thrown) {
      const error = ServingError.from(thrown);
      const text = trouble + error.message;
      // Once for each trouble, not every few seconds.
      if (text !== this.#told) log.error({ violations: error.violations }, text);
      this.#told = text;
      onReload?.(error);
    }
  }
}

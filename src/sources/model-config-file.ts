/**
 * ModelConfigFile: the file of --model_config_file: read at start, then again at every interval when
 * there is one. A file that cannot be used leaves what is configured in force, and says so once. The
 * admin API may replace the file, but no text that it has not seen in force.
 */
import { randomUUID } from 'node:crypto';
import { open, readFile, realpath, rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

import {
  modelServerConfigOf,
  modelServerConfigType,
  plainOf,
  type ModelConfig,
  type ModelServerConfig,
} from '../config/model-config.js';
import { localPath } from '../config/local-path.js';
import { parseTextProto, printTextFormatMistakes, readTextFile } from '../config/text-proto.js';
import type { Log } from '../log/log.js';
import { textFormat } from '../protos/extensions.js';
import { ServingError, StatusCode } from '../status/serving-error.js';

export interface ModelConfigFileOptions {
  readonly path: string;
  /** 0 or less: the file is read once. */
  readonly pollWaitSeconds: number;
  readonly log: Log;
  /** Puts in force what `read` gives; calls `onAccepted` when it is, and resolves when it serves. */
  readonly reload: (
    read: () => Promise<ModelServerConfig>,
    onAccepted: () => void,
  ) => Promise<void>;
  /** Told of each attempt. */
  readonly onReload?: (error: ServingError | null) => void;
}

export class ModelConfigFile {
  readonly #options: ModelConfigFileOptions;
  #timer: NodeJS.Timeout | null = null;
  #told = '';
  /** What was read, or written, and put in force. */
  #textInForce: string | null = null;

  constructor(options: ModelConfigFileOptions) {
    this.#options = options;
  }

  /** The first configuration. @throws ServingError as upstream; its violations name the place */
  async read(): Promise<ModelServerConfig> {
    const [text, config] = await this.#look();
    this.#textInForce = text;
    return config;
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
   * the new one, whole, even after a crash. The caller puts them in force.
   * @throws ServingError FAILED_PRECONDITION, unless `evenIfChanged`, when the text is not the one in
   *   force; INTERNAL when it cannot be written; the file is as it was then
   */
  async write(models: readonly ModelConfig[], evenIfChanged: boolean): Promise<void> {
    const { path } = this.#options;
    const type = modelServerConfigType();
    const text = `${textFormat().toText(type, type.fromObject(plainOf(models)))}\n`;
    try {
      const file = await realpath(localPath(path)); // a link stays one
      if (!evenIfChanged && (await readFile(file, 'utf8')) !== this.#textInForce) {
        throw new ServingError(
          StatusCode.FAILED_PRECONDITION,
          `${path} has changed since it was put in force; writing it back would undo that`,
        );
      }
      await replaceFile(file, text);
    } catch (thrown) {
      if (thrown instanceof ServingError) throw thrown;
      const { message } = thrown as Error;
      throw new ServingError(StatusCode.INTERNAL, `Cannot write ${path}: ${message}`, [], {
        cause: thrown,
      });
    }
    this.#textInForce = text;
  }

  async #look(): Promise<[text: string, config: ModelServerConfig]> {
    const { path } = this.#options;
    const bytes = await readTextFile(path);
    const config = modelServerConfigOf(parseTextProto(modelServerConfigType(), bytes, path));
    return [bytes.toString(), config];
  }

  /** Resolves when the text is in force, or not: nothing that the models take holds up the next poll. */
  #poll(): Promise<void> {
    return new Promise((resolve) => {
      void this.#reload(resolve).finally(resolve);
    });
  }

  async #reload(onAccepted: () => void): Promise<void> {
    const { log, reload, onReload } = this.#options;
    let trouble = 'Failed to read ModelServerConfig file: ';
    let text = '';
    const read = async (): Promise<ModelServerConfig> => {
      const [found, config] = await this.#look();
      text = found;
      trouble = 'PollFilesystemAndReloadConfig failed to ReloadConfig: ';
      return config;
    };
    try {
      await reload(read, () => {
        this.#textInForce = text;
        onAccepted();
      });
      this.#told = '';
      onReload?.(null);
    } catch (thrown) {
      const error = ServingError.from(thrown);
      onReload?.(error);
      const message = trouble + error.message;
      // Once for each trouble, not every few seconds.
      const told = [message, ...error.violations.map(({ description }) => description)].join('\n');
      if (told === this.#told) return;
      this.#told = told;
      printTextFormatMistakes(error);
      // A stop ends what is waited for, which is no trouble.
      const isClosed = this.#timer === null;
      if (error.code === StatusCode.ABORTED || isClosed) log.info(message);
      else log.error({ violations: error.violations }, message);
    }
  }
}

/** @throws the file system's error */
async function replaceFile(path: string, text: string): Promise<void> {
  const { mode, uid, gid } = await stat(path);
  const draft = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.chown(uid, gid).catch(() => undefined); // only root may give it to another
      await file.chmod(mode & 0o777);
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    await unlink(draft).catch(() => undefined);
    throw error;
  }
  await syncFolder(dirname(path)).catch(() => undefined); // not every file system can
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

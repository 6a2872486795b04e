/** PluginThreads: the --plugin_threads that share the versions of plugins. Main thread. */
import { resolve } from 'node:path';

import type { PluginDescription } from './messages.js';
import type { PluginWorkerOptions } from './plugin-worker.js';
import { PluginThread, type PluginThreadOptions } from './plugin-thread.js';

/** So long its loop may stand still after a deadline. */
const HANG_GRACE_MILLIS = 10_000;

export interface PluginThreadsOptions extends Pick<
  PluginThreadOptions,
  'heapMegabytes' | 'capacity' | 'log'
> {
  /** As --plugins has them. */
  readonly files: string;
  readonly count: number;
  readonly hangGraceMillis?: number;
}

export class PluginThreads {
  readonly plugins: readonly PluginDescription[];
  /** What other threads with the same modules are made with. */
  readonly workerOptions: Omit<PluginWorkerOptions, 'name'>;
  readonly #threads: readonly PluginThread[];

  private constructor(
    threads: readonly PluginThread[],
    plugins: readonly PluginDescription[],
    workerOptions: Omit<PluginWorkerOptions, 'name'>,
  ) {
    this.#threads = threads;
    this.workerOptions = workerOptions;
    this.plugins = plugins;
  }

  /** Resolves when all have imported the modules. @throws ServingError INVALID_ARGUMENT with file and reason */
  static async start(options: PluginThreadsOptions): Promise<PluginThreads> {
    const { count, capacity, heapMegabytes, log } = options;
    const { hangGraceMillis = HANG_GRACE_MILLIS } = options;
    const files = pluginFiles(options.files);
    const common = { files, heapMegabytes, hangGraceMillis, log };
    const threads = Array.from(
      { length: files.length === 0 ? 0 : count },
      (_, i) => new PluginThread({ ...common, capacity, name: `plugin thread ${i + 1}` }),
    );
    try {
      const [plugins = []] = await Promise.all(threads.map((thread) => thread.start()));
      return new PluginThreads(threads, plugins, common);
    } catch (error) {
      await Promise.all(threads.map((thread) => thread.end()));
      throw error;
    }
  }

  /** The one with the fewest versions. */
  next(): PluginThread {
    const [first, ...others] = this.#threads;
    if (first === undefined) throw new Error('there are no plugins');
    return others.reduce((least, each) => (each.load < least.load ? each : least), first);
  }

  async end(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.end()));
  }
}

function pluginFiles(files: string): string[] {
  const named = files.split(',').map((file) => file.trim());
  return named.filter((file) => file !== '').map((file) => resolve(file));
}

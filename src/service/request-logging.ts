/**
 * RequestLogging: has the addon log a share of the requests of the models that ask for it, and says what
 * became of them. The addon samples, queues and writes for the whole process, whatever thread or protocol
 * a request comes by; here is only what is configured. Main thread.
 */
import { join, resolve } from 'node:path';

import type { Flags } from '../config/flag-table.js';
import type { ModelConfig } from '../config/model-config.js';
import type { Log } from '../log/log.js';
import type { Family, ScalarSample } from '../metrics/families.js';
import type { NativeBinding } from '../native/binding.js';
import type { NativeLogCounts, NativeLogging } from '../native/request-logging.js';
import { call } from '../native/calls.js';
import { loadProtos } from '../protos/protos.js';

export interface RequestLoggingOptions {
  readonly flags: Pick<
    Flags,
    | 'request_log_dir'
    | 'request_log_queue_bytes'
    | 'request_log_file_bytes'
    | 'request_log_file_seconds'
    | 'request_log_max_bytes'
  >;
  readonly tags: readonly string[];
  readonly log: Log;
  readonly addon: () => Pick<NativeBinding, 'configureLogging' | 'logCounts' | 'flushLogs'>;
}

/** How often the log hears of requests that were lost. */
const REPORT_MILLIS = 10_000;

export class RequestLogging {
  readonly #options: RequestLoggingOptions;
  readonly #folder: string | null;
  readonly #lost = new Map<string, { dropped: number; failed: number }>();
  #isOn = false;
  #reports: NodeJS.Timeout | null = null;

  constructor(options: RequestLoggingOptions) {
    this.#options = options;
    const { request_log_dir: folder } = options.flags;
    this.#folder = folder === '' ? null : resolve(folder);
  }

  /** Whether there is somewhere to log to. */
  get canLog(): boolean {
    return this.#folder !== null;
  }

  /** From now on these models are logged as they say, and no others. */
  configure(models: readonly ModelConfig[]): void {
    const folder = this.#folder;
    if (folder === null) return;
    const logged = models.flatMap(({ name, logging }): NativeLogging[] => {
      if (logging === null) return [];
      const { samplingRate, filenamePrefix } = logging;
      const pathPrefix = join(folder, filenamePrefix);
      return [{ name, samplingRate, pathPrefix, metadata: this.#metadata(logging.message) }];
    });
    if (logged.length === 0 && !this.#isOn) return;
    this.#isOn = true;
    const { flags, addon } = this.#options;
    addon().configureLogging(logged, {
      queueBytes: flags.request_log_queue_bytes,
      fileBytes: flags.request_log_file_bytes,
      totalBytes: flags.request_log_max_bytes,
      fileSeconds: flags.request_log_file_seconds,
    });
    this.#reports ??= setInterval(() => this.#report(), REPORT_MILLIS).unref();
  }

  /** Of the page of metrics. */
  families(): Family[] {
    const counts = this.#isOn ? this.#options.addon().logCounts() : [];
    const outcomes: ScalarSample[] = [];
    const sizes: ScalarSample[] = [];
    for (const [name, written, dropped, failed, diskBytes] of counts) {
      outcomes.push(
        { labelValues: [name, 'written'], value: written },
        { labelValues: [name, 'dropped'], value: dropped },
        { labelValues: [name, 'failed'], value: failed },
      );
      sizes.push({ labelValues: [name], value: diskBytes });
    }
    return [
      {
        kind: 'counter',
        name: '/tensorgate/request_log_record_count',
        labelNames: ['model_name', 'outcome'],
        samples: () => outcomes,
      },
      {
        kind: 'gauge',
        name: '/tensorgate/request_log_disk_bytes',
        labelNames: ['model_name'],
        samples: () => sizes,
      },
    ];
  }

  /** Nothing is logged from now on; resolves when all that was is in files, and these are ended. */
  async close(): Promise<void> {
    if (!this.#isOn) return;
    if (this.#reports !== null) clearInterval(this.#reports);
    this.configure([]);
    await new Promise<void>((done) => {
      call(
        () => done(),
        (slot) => this.#options.addon().flushLogs(slot),
      );
    });
    this.#report();
    this.#isOn = false;
  }

  #metadata({ sampling_config: sampling }: { readonly sampling_config?: object }): Uint8Array {
    const type = loadProtos(['tensorflow_serving/apis/logging.proto']).lookupType(
      'tensorflow.serving.LogMetadata',
    );
    const metadata = { sampling_config: sampling, saved_model_tags: this.#options.tags };
    return type.encode(type.fromObject(metadata)).finish();
  }

  #report(): void {
    for (const counts of this.#options.addon().logCounts()) this.#reportOf(counts);
  }

  #reportOf([model, written, dropped, failed, , lastError]: NativeLogCounts): void {
    const before = this.#lost.get(model) ?? { dropped: 0, failed: 0 };
    const [newlyDropped, newlyFailed] = [dropped - before.dropped, failed - before.failed];
    if (newlyDropped === 0 && newlyFailed === 0) return;
    this.#lost.set(model, { dropped, failed });
    const lost = { dropped: newlyDropped, failed: newlyFailed };
    const why = newlyFailed === 0 ? null : { error: lastError };
    this.#options.log.warn({ model, written, ...lost, ...why }, 'requests were not logged');
  }
}

/** What the tests of versions below a base path start from: a base path of their own, a source that looks at it, and a record. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { singleModel, type ModelConfig } from '../../../src/config/model-config.js';
import type { AspiredVersion } from '../../../src/core/source.js';
import { FileSystemLooker } from '../../../src/sources/file-system-looker.js';
import { PolledSource } from '../../../src/sources/polled-source.js';
import { ModelRoots } from '../../../src/sources/model-roots.js';
import type { Choose } from '../../../src/sources/version-policy.js';
import type { ServingError } from '../../../src/status/serving-error.js';

const POLL_SECONDS = 0.01;

export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(setImmediate);
}

class WatchedFolder {
  base = '';
  warnings: string[] = [];
  reports: (readonly [name: string, versions: readonly AspiredVersion[]])[] = [];
  failed = new Set<bigint>();
  /** By model, the last ones told. */
  troubles = new Map<string, ServingError | null>();
  /** As a plugin's policy. */
  choose: Choose = () => Promise.reject(new Error('there is no policy'));
  source!: PolledSource;

  readonly start = (
    models: readonly ModelConfig[] = [this.model()],
    { pollWaitSeconds = POLL_SECONDS, settleMillis = 0, roots = '' } = {},
  ): void => {
    const log = { warn: (text: string) => this.warnings.push(text) };
    const looker = new FileSystemLooker({
      settleMillis,
      roots: new ModelRoots(roots),
      hasFailed: (_, version) => this.failed.has(version),
      choose: (policy, model, versions) => this.choose(policy, model, versions),
    });
    this.source = new PolledSource({
      pollWaitSeconds,
      lookerOf: () => looker,
      log: log as never,
    });
    this.source.configure(models);
    this.source.start({
      aspire: (name, versions) => this.reports.push([name, versions]),
      troubled: (name, trouble) => this.troubles.set(name, trouble),
    });
  };

  readonly model = (more: Partial<ModelConfig> = {}): ModelConfig => ({
    ...singleModel('m', this.base),
    ...more,
  });

  readonly add = (name: string, content = ''): void => {
    mkdirSync(join(this.base, name), { recursive: true });
    writeFileSync(join(this.base, name, 'saved_model.pb'), content);
  };

  /** The versions of `name` that were reported last. */
  readonly reported = (name = 'm'): string =>
    this.reports
      .filter((report) => report[0] === name)
      .at(-1)?.[1]
      .map(({ version }) => version)
      .join() ?? 'nothing';
}

/** A folder for each test of the calling suite, empty at first, with nothing recorded. */
export function watchedFolder(): WatchedFolder {
  const watch = new WatchedFolder();
  beforeEach(() => {
    watch.base = mkdtempSync(join(tmpdir(), 'tensorgate-source-'));
    watch.warnings = [];
    watch.reports = [];
    watch.failed = new Set();
    watch.troubles = new Map();
  });
  afterEach(() => {
    watch.source.close();
    rmSync(watch.base, { recursive: true });
  });
  return watch;
}

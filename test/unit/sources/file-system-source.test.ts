import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { AspiredVersion } from '../../../src/core/source.js';
import {
  FileSystemSource,
  latestVersion,
  versionOf,
} from '../../../src/sources/file-system-source.js';

describe('versionOf', () => {
  it('reads a decimal int64 with blanks, sign and leading zeros', () => {
    assert.equal(versionOf('00000123'), 123n);
    assert.equal(versionOf('+4'), 4n);
    assert.equal(versionOf('-3'), -3n);
    assert.equal(versionOf(' 7 '), 7n);
    assert.equal(versionOf('9223372036854775807'), 9223372036854775807n);
  });

  it('ignores every other name', () => {
    for (const name of ['foo', '1.0', 'v1', '1_tmp', '', '9223372036854775808', '0x1']) {
      assert.equal(versionOf(name), null, name);
    }
  });
});

describe('latestVersion', () => {
  it('takes the highest number, not the last name', () => {
    assert.deepEqual(latestVersion('/m', ['9', '10', 'tmp']), [{ version: 10n, path: '/m/10' }]);
  });

  it('takes, of two names for one version, the later in byte order', () => {
    assert.deepEqual(latestVersion('/m', ['1', '001']), [{ version: 1n, path: '/m/1' }]);
  });
});

describe('FileSystemSource', () => {
  let base: string;
  let warnings: string[];
  const log = {
    debug: () => undefined,
    info: () => undefined,
    error: () => undefined,
    warn: (text: string) => warnings.push(text),
  };

  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'tensorgate-source-'));
    warnings = [];
  });
  afterEach(() => {
    rmSync(base, { recursive: true });
  });

  function firstReport(basePath: string): Promise<readonly AspiredVersion[]> {
    return new Promise((resolve) => {
      const models = [{ name: 'm', basePath }];
      const source = new FileSystemSource({ models, pollWaitSeconds: 0, log: log as never });
      source.start((_, versions) => {
        resolve(versions);
      });
    });
  }

  it('reports the latest version folder', async () => {
    for (const name of ['1', '2', 'not-a-version']) mkdirSync(join(base, name));
    assert.deepEqual(await firstReport(base), [{ version: 2n, path: join(base, '2') }]);
  });

  it('reports the empty set, and says so, when the base path has no version', async () => {
    assert.deepEqual(await firstReport(base), []);
    assert.match(warnings[0] ?? '', /^No versions of servable m found under base path /);
  });

  it('reports nothing, and says why, when the base path is missing', async () => {
    const models = [{ name: 'm', basePath: join(base, 'missing') }];
    const source = new FileSystemSource({ models, pollWaitSeconds: 0, log: log as never });
    let reports = 0;
    source.start(() => ++reports);
    while (warnings.length === 0) {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    assert.equal(reports, 0);
    assert.match(warnings[0] ?? '', /Could not find base path .*missing for servable m with error/);
  });
});

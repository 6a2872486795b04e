import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { prometheusPath } from '../../../src/config/monitoring-config.js';

describe('prometheusPath', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'monitoring-'));
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  function fileOf(text: string): string {
    const file = join(folder, 'monitoring.config');
    writeFileSync(file, text);
    return file;
  }

  it("is upstream's unless the file gives one", async () => {
    const standard = '/monitoring/prometheus/metrics';
    assert.equal(await prometheusPath(fileOf('prometheus_config { enable: true }')), standard);
    const empty = fileOf('prometheus_config: { enable: true, path: "" }');
    assert.equal(await prometheusPath(empty), standard);
    const own = fileOf('prometheus_config { enable: true path: "/metrics" }');
    assert.equal(await prometheusPath(own), '/metrics');
  });

  it('is none unless it is enabled', async () => {
    assert.equal(await prometheusPath(fileOf('prometheus_config { path: "/metrics" }')), null);
    assert.equal(await prometheusPath(fileOf('prometheus_config { enable: false }')), null);
    assert.equal(await prometheusPath(fileOf('# nothing\n')), null);
  });

  it('refuses files that are missing, broken or empty', async () => {
    await assert.rejects(prometheusPath(join(folder, 'missing')), /No such file or directory/);
    await assert.rejects(prometheusPath(fileOf('prometheus { }')), /Invalid protobuf file/);
    await assert.rejects(prometheusPath(fileOf('')), /Invalid argument/);
  });
});

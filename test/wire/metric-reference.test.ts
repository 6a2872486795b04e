/** docs/metrics.md and the page have the same names, types and labels. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { ServerProcess } from './server-process.js';
import { ask, predictedByAll } from './threaded-server.js';

const REFERENCE = new URL('../../../docs/metrics.md', import.meta.url);
const HALF_PLUS_TWO = fileURLToPath(
  new URL('../../../examples/models/half_plus_two', import.meta.url),
);
const ROW = /^\| `(:tensor[a-z_:]+)` *\| (\w+) *\| ([^|]*) \|/;

interface Documented {
  readonly type: string;
  readonly labels: string;
}

function reference(): Map<string, Documented> {
  const rows = new Map<string, Documented>();
  for (const line of readFileSync(REFERENCE, 'utf8').split('\n')) {
    const row = ROW.exec(line);
    if (row === null) continue;
    const [, name = '', type = '', labels = ''] = row;
    assert.ok(!rows.has(name), `${name} has two rows`);
    rows.set(name, { type, labels: [...labels.matchAll(/`(\w+)`/g)].map(([, l]) => l).join() });
  }
  return rows;
}

describe('docs/metrics.md', () => {
  let folder = '';
  let server: ServerProcess | null = null;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'metric-reference-'));
  });
  after(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true });
  });

  it('names every metric of the page with its type and its labels, and no other', async () => {
    const monitoring = join(folder, 'monitoring');
    writeFileSync(monitoring, 'prometheus_config { enable: true }\n');
    const batching = join(folder, 'batching');
    writeFileSync(batching, 'max_batch_size { value: 8 } batch_timeout_micros { value: 1000 }\n');
    const flags = ['--io_threads=2', '--enable_batching', `--batching_parameters_file=${batching}`];
    const page = `--monitoring_config_file=${monitoring}`;
    server = await ServerProcess.start('m', HALF_PLUS_TWO, page, ...flags);
    await predictedByAll(server, 'm');
    const { text } = await ask(server, '/metrics');
    const documented = reference();
    const types = new Map(
      [...text.matchAll(/^# TYPE (:\S+) (\w+)$/gm)].map(([, name = '', type = '']) => [name, type]),
    );
    assert.deepEqual([...types.keys()].sort(), [...documented.keys()].sort());
    const seen = new Set<string>();
    for (const [name, type] of types) {
      assert.equal(type, documented.get(name)?.type, name);
      const suffix = type === 'histogram' ? '_count' : '';
      const samples = text.matchAll(new RegExp(`^${name}${suffix}\\{(.*)\\} `, 'gm'));
      for (const [, labels = ''] of samples) {
        const names = [...labels.matchAll(/(\w+)="[^"]*"/g)].map(([, label]) => label).join();
        assert.equal(names, documented.get(name)?.labels, name);
        seen.add(name);
      }
    }
    assert.ok(seen.size > 25, `${seen.size} metrics have samples`);
  });
});

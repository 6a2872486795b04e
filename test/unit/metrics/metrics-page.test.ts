import assert from 'node:assert/strict';

import { MetricsPage } from '../../../src/metrics/metrics-page.js';
import type { FamilyLines } from '../../../src/metrics/prometheus-text.js';
import { Registry } from '../../../src/metrics/registry.js';
import { textOf } from './family-text.js';

const write = (listed: FamilyLines): Promise<Uint8Array> =>
  Promise.resolve(Buffer.from(textOf(listed)));

describe('MetricsPage', () => {
  it('has families by name, then the appendix', async () => {
    const registry = new Registry();
    registry.counter('/b', []).cell().add(1);
    registry.counter('/a', []).cell();
    const page = new MetricsPage(registry, write, () => Promise.resolve('appended 1\n'));
    assert.equal(
      Buffer.from(await page.text()).toString(),
      '# TYPE :a counter\n:a{} 0\n# TYPE :b counter\n:b{} 1\nappended 1\n',
    );
  });

  it('is written once for all who ask at the same time', async () => {
    let written = 0;
    const page = new MetricsPage(new Registry(), write, () => {
      ++written;
      return Promise.resolve('');
    });
    await Promise.all([page.text(), page.text()]);
    assert.equal(written, 1);
    await page.text();
    assert.equal(written, 2);
  });

  it('is asked for anew after an attempt that failed', async () => {
    const answers = [Promise.reject(new Error('no')), Promise.resolve('yes')];
    const page = new MetricsPage(new Registry(), write, () => answers.shift() as Promise<string>);
    await assert.rejects(page.text(), /no/);
    assert.equal(Buffer.from(await page.text()).toString(), 'yes');
  });
});

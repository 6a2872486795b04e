import assert from 'node:assert/strict';

import { Deadlines, type Waiting } from '../../../src/rest/deadlines.js';

class Probe implements Waiting {
  dueMillis = 0;
  earlier: Waiting | null = null;
  later: Waiting | null = null;
  expired = false;

  expire(): void {
    this.expired = true;
  }
}

describe('Deadlines', () => {
  it('expires what is still waiting, and nothing that was removed', async () => {
    const deadlines = new Deadlines(5);
    const [first, middle, last] = [new Probe(), new Probe(), new Probe()];
    for (const probe of [first, middle, last]) deadlines.add(probe);
    deadlines.remove(middle);
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
    assert.deepEqual(
      [first, middle, last].map((probe) => probe.expired),
      [true, false, true],
    );
    deadlines.close();
  });

  it('takes removal in any order, twice, and of what was never added', () => {
    const deadlines = new Deadlines(60_000);
    const probes = [new Probe(), new Probe(), new Probe()];
    for (const probe of probes) deadlines.add(probe);
    for (const index of [1, 0, 2]) {
      deadlines.remove(probes[index] as Probe);
      deadlines.remove(probes[index] as Probe);
    }
    deadlines.remove(new Probe());
    deadlines.add(new Probe());
    deadlines.close();
  });

  it('sets no deadline for a timeout of 0 or less', () => {
    const deadlines = new Deadlines(0);
    const probe = new Probe();
    deadlines.add(probe);
    assert.equal(probe.dueMillis, 0);
    deadlines.remove(probe);
  });
});

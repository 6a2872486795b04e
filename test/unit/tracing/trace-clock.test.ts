/** The time of day of moments of the steady clock. */
import assert from 'node:assert/strict';

import { TraceClock } from '../../../src/tracing/trace-clock.js';

describe('TraceClock', () => {
  it('counts with the steady clock, and follows the day only where that is set', () => {
    let steady = 1000;
    let day = 1_700_000_000_000;
    const clock = new TraceClock(
      () => steady,
      () => day,
    );
    assert.equal(clock.now(), day);
    steady += 10.25;
    day += 11; // its milliseconds are whole
    assert.equal(clock.now(), 1_700_000_000_010.25);
    assert.equal(clock.at(1005.5e6), 1_700_000_000_005.5);
    steady += 1;
    day += 3_600_000;
    assert.equal(clock.now(), day);
    assert.equal(clock.at((steady - 2) * 1e6), day - 2);
  });

  it('reads the clock that the addon reads', () => {
    const clock = new TraceClock();
    const before = Date.now();
    const now = clock.now();
    assert.ok(now >= before - 3 && now <= Date.now() + 3, `${now} against ${before}`);
  });
});

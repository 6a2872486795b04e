import assert from 'node:assert/strict';

import { changeUnderLoad } from './versions.js';

describe('Versions', function () {
  this.timeout(120_000);

  it('come, go, fail and move under 5,000 requests/s, and no request fails', async () => {
    const { failures, requests, changes } = await changeUnderLoad(5000, 5, 15);
    assert.equal(failures, '');
    assert.ok(requests > 0);
    // Each round of seven seconds brings two versions, takes two away and breaks one.
    assert.ok(changes.available >= 4, JSON.stringify(changes));
    assert.ok(changes.unloaded >= 4, JSON.stringify(changes));
    assert.ok(changes.failed >= 1, JSON.stringify(changes));
    assert.ok(changes.corrupt >= 1, JSON.stringify(changes));
  });
});

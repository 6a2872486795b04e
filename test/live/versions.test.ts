import assert from 'node:assert/strict';

import { changeUnderLoad } from './versions.js';

describe('Versions', function () {
  this.timeout(120_000);

  it('come, go, fail and move under 5,000 requests/s, and no request fails', async () => {
    const { failures, requests, changes } = await changeUnderLoad(5000, 5, 15);
    assert.equal(failures, '');
    assert.ok(requests > 0);
    for (const [kind, count] of Object.entries(changes)) assert.ok(count > 0, kind);
  });
});

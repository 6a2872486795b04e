import assert from 'node:assert/strict';

import { sslApp } from '../../../../src/rest/uws/ssl-app.js';
import { StatusCode } from '../../../../src/status/serving-error.js';

describe('sslApp', () => {
  it('is not made without a key', () => {
    const empty = { serverKey: '', serverCert: '', clientCa: null };
    assert.throws(() => sslApp(empty), { code: StatusCode.INVALID_ARGUMENT });
  });
});

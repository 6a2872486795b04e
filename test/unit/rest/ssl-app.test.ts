/** An HTTPS app is not made where it could not keep what the configuration promises. */
import assert from 'node:assert/strict';

import { canServe, sslApp } from '../../../src/rest/ssl-app.js';
import { StatusCode } from '../../../src/status/serving-error.js';

describe('sslApp', () => {
  const open = { serverKey: '', serverCert: '', clientCa: null };

  it('is not made where clients must show certificates', () => {
    const verifying = { ...open, clientCa: 'ca' };
    assert.equal(canServe(verifying), false);
    assert.throws(() => sslApp(verifying), { code: StatusCode.UNIMPLEMENTED });
    assert.equal(canServe(open), true);
    assert.equal(canServe(null), true);
  });

  it('is not made without a key', () => {
    assert.throws(() => sslApp(open), { code: StatusCode.INVALID_ARGUMENT });
  });
});

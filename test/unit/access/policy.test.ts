import assert from 'node:assert/strict';

import { nativePolicy } from '../../../src/access/policy.js';
import { credentialsOf, identityOf, sanDigest } from '../../../src/access/credentials.js';
import { authConfigOf, NO_LIMIT } from '../../../src/config/auth-config.js';

describe('access/policy', () => {
  it('gives the addon grants, keys and limits', () => {
    const config = authConfigOf(
      {
        principal: [
          {
            name: 'a',
            api_key_sha256: ['AB'.repeat(32)],
            certificate_san: ['DNS:x'],
            scope: [{ model: ['m', 'n*'], method: ['INFER', 'ADMIN'] }],
            limit: { requests_per_second: 0.5 },
          },
        ],
        anonymous: { scope: [{}] },
        model_limit: [{ model: 'm', limit: { max_concurrent_requests: 3n } }],
      },
      'f',
    );
    const policy = nativePolicy(config, 7);
    const [a, anonymous] = policy.principals;
    assert.deepEqual(a?.grants, ['m', 5, 'n*', 5]);
    assert.deepEqual(a?.limit, { perSecond: 0.5, burst: 1, atOnce: 0 });
    assert.deepEqual(anonymous?.grants, ['*', 3]);
    assert.equal(policy.anonymous, 1);
    assert.deepEqual(policy.credentials, [Buffer.alloc(32, 0xab), 0, sanDigest('DNS:x'), 0]);
    assert.deepEqual(policy.models, ['m', { ...NO_LIMIT, atOnce: 3 }]);
    assert.equal(policy.all.atOnce, 7);
    assert.equal(nativePolicy(null, 7).authenticates, false);
  });
});

describe('access/credentials', () => {
  const of = (headers: Record<string, string>): string =>
    credentialsOf((name) => headers[name] ?? '', '').token;

  it('reads a bearer token, else a key', () => {
    assert.equal(of({ authorization: 'Bearer t', 'x-api-key': 'k' }), 't');
    assert.equal(of({ authorization: 'bearer  t' }), 't');
    assert.equal(of({ authorization: 'Basic t', 'x-api-key': 'k' }), 'k');
    assert.equal(of({ 'x-api-key': 'k' }), 'k');
    assert.equal(of({}), '');
  });

  it('knows the names of a certificate apart from tokens', () => {
    const digests = identityOf('DNS:a, URI:spiffe://b/c');
    assert.deepEqual(digests, Buffer.concat([sanDigest('DNS:a'), sanDigest('URI:spiffe://b/c')]));
    assert.equal(identityOf(undefined).length, 0);
    assert.equal(
      identityOf(Array.from({ length: 20 }, (_, i) => `DNS:${i}`).join(', ')).length,
      256,
    );
  });
});

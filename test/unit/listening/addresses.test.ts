import assert from 'node:assert/strict';

import { addressesOf, addressTexts, type Address } from '../../../src/listening/addresses.js';
import { StatusCode } from '../../../src/status/serving-error.js';

describe('addressesOf', () => {
  const texts = async (hosts: string): Promise<string> =>
    addressTexts(await addressesOf('rest_api_host', hosts, 8501));

  it('takes all addresses for no host', async () => {
    assert.match(await texts(''), /^(\[::\]|0\.0\.0\.0):8501$/);
  });

  it('takes several, with blanks and brackets, each once', async () => {
    assert.equal(await texts('127.0.0.1, [::1],127.0.0.1'), '127.0.0.1:8501, [::1]:8501');
  });

  it('looks names up', async () => {
    assert.match(await texts('localhost'), /(127\.0\.0\.1|\[::1\]):8501/);
  });

  it('refuses a name that is not known', async () => {
    await assert.rejects(addressesOf('grpc_host', 'no.such.invalid', 1), {
      code: StatusCode.INVALID_ARGUMENT,
      message: /^--grpc_host: no\.such\.invalid: /,
    });
  });

  it('prints a path as gRPC does', () => {
    const addresses: Address[] = [{ path: '/run/x' }];
    assert.equal(addressTexts(addresses), 'unix:/run/x');
  });
});

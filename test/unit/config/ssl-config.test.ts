/** The checks of --ssl_config_file: what is whole is taken, what is broken is named. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { certificateExpiries, readSslConfig } from '../../../src/config/ssl-config.js';
import { ServingError, StatusCode } from '../../../src/status/serving-error.js';
import { Authority, opensslMissing, pemField, type Identity } from '../../wire/certificates.js';

describe('readSslConfig', () => {
  let folder: string;
  let file: string;
  let ca: Authority;
  let server: Identity;
  let client: Identity;
  before(function () {
    const missing = opensslMissing();
    if (missing !== null) {
      console.log(`    ${missing}`);
      this.skip();
    }
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-ssl-config-'));
    file = join(folder, 'ssl.config');
    ca = new Authority(folder, 'ca');
    server = ca.issue('server');
    client = ca.issue('client');
  });
  after(() => {
    if (folder !== undefined) rmSync(folder, { recursive: true });
  });

  function read(fields: Record<string, string>, more = '') {
    const text = Object.entries(fields).map(([field, pem]) => pemField(field, pem));
    writeFileSync(file, text.join('') + more);
    return readSslConfig(file);
  }

  async function refusal(fields: Record<string, string>, more = ''): Promise<string> {
    const error: unknown = await read(fields, more).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof ServingError);
    assert.equal(error.code, StatusCode.INVALID_ARGUMENT);
    assert.ok(error.message.startsWith(`Invalid ssl config file: '${file}': `));
    assert.doesNotMatch(error.message, /BEGIN/, 'no part of a key is shown');
    return error.message.slice(`Invalid ssl config file: '${file}': `.length);
  }

  it('takes a key with its chain of certificates', async () => {
    const chain = server.cert + ca.cert;
    assert.deepEqual(await read({ server_key: server.key, server_cert: chain }), {
      serverKey: server.key,
      serverCert: chain,
      clientCa: null,
    });
  });

  it('has an authority for clients only where they are verified', async () => {
    const fields = { server_key: server.key, server_cert: server.cert, custom_ca: ca.cert };
    assert.equal((await read(fields)).clientCa, null);
    assert.equal((await read(fields, 'client_verify: true')).clientCa, ca.cert);
  });

  it('tells when the first certificate of each field expires', async () => {
    const day = 86_400;
    const days = (seconds: number): number => Math.round((seconds - Date.now() / 1000) / day);
    const { key, cert } = ca.issue('long', 30);
    const fields = { server_key: key, server_cert: cert };
    const alone = certificateExpiries(await read(fields));
    assert.deepEqual(
      alone.map(({ certificate, seconds }) => [certificate, days(seconds)]),
      [['server_cert', 30]],
    );
    const all = { ...fields, server_cert: cert + ca.cert, custom_ca: ca.cert };
    const both = certificateExpiries(await read(all, 'client_verify: true'));
    assert.deepEqual(
      both.map(({ certificate, seconds }) => [certificate, days(seconds)]),
      [
        ['server_cert', 1],
        ['custom_ca', 1],
      ],
    );
  });

  it('names the field that is missing or broken', async () => {
    const { key, cert } = server;
    const half = cert.slice(0, cert.length / 2);
    for (const [fields, expected] of [
      [{ server_cert: cert }, /^server_key: must be set$/],
      [{ server_key: key }, /^server_cert: must be set$/],
      [{ server_key: 'key', server_cert: cert }, /^server_key: not a private key in PEM \(.+\)$/],
      [{ server_key: key, server_cert: 'x' }, /^server_cert: not a chain of certificates in PEM/],
      [{ server_key: key, server_cert: cert + half }, /^server_cert: not a chain/],
      [{ server_key: client.key, server_cert: cert }, /^server_key: not the key of server_cert/],
      [{ server_key: key, server_cert: cert, custom_ca: 'x' }, /^custom_ca: not certificates/],
      [{ server_key: key, server_cert: cert, custom_ca: ca.cert + half }, /^custom_ca: not cert/],
    ] as const) {
      assert.match(await refusal(fields), expected);
    }
  });

  it('refuses to verify clients against nothing', async () => {
    const fields = { server_key: server.key, server_cert: server.cert };
    assert.match(await refusal(fields, 'client_verify: true'), /^custom_ca: must be set/);
  });
});

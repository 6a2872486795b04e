import assert from 'node:assert/strict';

import { localFile, localPath, whyNotLocal } from '../../../src/config/local-path.js';
import { StatusCode } from '../../../src/status/serving-error.js';

describe('localPath', () => {
  for (const [given, path] of [
    ['/models/m', '/models/m'],
    ['models/m', 'models/m'],
    ['file:///models/m', '/models/m'],
    ['FILE:///models/m', '/models/m'],
    ['file://localhost/models/m', '/models/m'],
    ['file:///models/a%20b', '/models/a%20b'], // as TensorFlow reads it
    ['/models/s3://m', '/models/s3://m'],
  ] as const) {
    it(`reads ${given}`, () => {
      assert.equal(whyNotLocal(given), null);
      assert.equal(localPath(given), path);
    });
  }

  for (const given of ['s3://bucket/m', 'gs://b/m', 'hdfs://h:1/m', 'https://h/m', 'ram://m']) {
    it(`knows no file system for ${given}, and says what to do`, () => {
      const scheme = given.split(':')[0];
      const expected = `File system scheme '${scheme}' not implemented (file: '${given}'): copy `;
      assert.ok(whyNotLocal(given)?.startsWith(expected));
      assert.throws(() => localFile(given), { code: StatusCode.UNIMPLEMENTED });
    });
  }

  it('refuses a host, which a slash too few makes of a folder', () => {
    assert.equal(
      whyNotLocal('file://models/m'),
      "'file://models/m' names the host 'models': file:///models/m may be meant",
    );
    assert.equal(whyNotLocal('file://'), "'file://' has no path");
    assert.throws(() => localFile('file://models/m'), { code: StatusCode.INVALID_ARGUMENT });
  });
});

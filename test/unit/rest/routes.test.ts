import assert from 'node:assert/strict';

import { route } from '../../../src/rest/routes.js';

const LATEST = { version: null, label: null };

describe('REST routes', () => {
  it('reads model, version and label of an inference call', () => {
    const predict = { kind: 'infer', action: 'predict', name: 'm' };
    assert.deepEqual(route('POST', '/v1/models/m:predict'), { ...predict, choice: LATEST });
    assert.deepEqual(route('POST', '/v1/models/m/versions/007:predict'), {
      ...predict,
      choice: { version: 7n, label: null },
    });
    assert.deepEqual(route('POST', '/v1/models/m/labels/stable:predict'), {
      ...predict,
      choice: { version: null, label: 'stable' },
    });
  });

  it('tells status from metadata', () => {
    assert.deepEqual(route('GET', '/v1/models/m'), { kind: 'status', name: 'm', choice: LATEST });
    assert.equal(route('GET', '/v1/models/m/versions/1/metadata').kind, 'metadata');
    assert.deepEqual(route('GET', '/v1/models/metadata'), {
      kind: 'status',
      name: 'metadata',
      choice: LATEST,
    });
  });

  it('ignores letter case, but takes actions and metadata in lower case only', () => {
    assert.equal(route('GET', '/V1/Models/m').kind, 'status');
    assert.equal(route('GET', '/v1/models/m/METADATA').kind, 'status');
    assert.equal(route('POST', '/v1/models/m:PREDICT').kind, 'malformed');
  });

  it('decodes percent escapes in names and keeps plus signs', () => {
    const reserved = 'modelname%21%23%24%25%26%27%28%29%2A%2B%2C%2F%3A%3B%3D%3F%40%5B%5D';
    const asked = route('GET', `/v1/models/${reserved}`);
    assert.equal(asked.kind === 'status' && asked.name, "modelname!#$%&'()*+,/:;=?@[]");
    const plus = route('GET', '/v1/models/a+b');
    assert.equal(plus.kind === 'status' && plus.name, 'a+b');
  });

  it('answers a version beyond int64 as such', () => {
    assert.equal(route('GET', '/v1/models/m/versions/18446744073709551615').kind, 'bad-version');
    assert.equal(
      route('POST', '/v1/models/m/versions/18446744073709551615:predict').kind,
      'bad-version',
    );
  });

  it('lists the models where upstream misses a name', () => {
    assert.deepEqual(route('GET', '/v1/models'), { kind: 'list' });
    assert.deepEqual(route('GET', '/V1/MODELS'), { kind: 'list' });
    for (const target of ['/v1/models/versions/1', '/v1/models/labels/a']) {
      assert.deepEqual(
        route('GET', target),
        { kind: 'malformed', message: 'Missing model name in request.', name: '' },
        target,
      );
    }
  });

  for (const [method, target] of [
    ['GET', '/v1/'],
    ['GET', '/v1/models/'],
    ['GET', '/v1/models/foo/'],
    ['GET', '/v1/models/foo/versions/-1'],
    ['POST', '/v1/models/foo:other'],
    ['GET', '/v1/foo'],
    ['POST', '/v1/models'],
    ['GET', '/v1/models/a/b'],
    ['GET', '/v1/models/foo:predict'],
    ['POST', '/v1/models/foo/version/50:predict'],
    ['POST', '/v1/models/foo/versions/HELLO:regress'],
    ['POST', '/v1/models/foo/metadata'],
    ['POST', '/v1/models/foo/versions/50/labels/x:regress'],
    ['POST', '/v1/models/foo:predict?x=1'],
    ['PUT', '/v1/models/foo'],
    ['HEAD', '/v1/models/foo'],
  ] as const) {
    it(`calls ${method} ${target} malformed`, () => {
      assert.deepEqual(route(method, target), {
        kind: 'malformed',
        message: `Malformed request: ${method} ${target}`,
        name: '',
      });
    });
  }

  it('names the model of what it refuses, where the path has one', () => {
    const refused = [
      ['POST', '/v1/models/a%20b:PREDICT'],
      ['GET', '/v1/models/a%20b/versions/18446744073709551615'],
    ] as const;
    for (const [method, target] of refused) {
      const asked = route(method, target);
      assert.ok(asked.kind === 'malformed' || asked.kind === 'bad-version', target);
      assert.equal(asked.name, 'a b', target);
    }
  });

  it('leaves what is outside /v1/ to the 404 page', () => {
    for (const target of ['/', '/v1', '/index', '/statuspage', '//v1/models/m', '*']) {
      assert.equal(route('GET', target).kind, 'not-found', target);
    }
  });

  it('answers OPTIONS below /v1/ as a preflight', () => {
    assert.equal(route('OPTIONS', '/v1/anything').kind, 'preflight');
    assert.equal(route('OPTIONS', '/other').kind, 'not-found');
  });
});

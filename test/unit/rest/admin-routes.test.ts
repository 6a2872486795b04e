import assert from 'node:assert/strict';

import { adminRoute } from '../../../src/rest/admin-routes.js';
import { StatusCode } from '../../../src/status/serving-error.js';

const BASE = '/admin/v1';

describe('adminRoute', () => {
  for (const [method, path, body, rpc, message] of [
    ['GET', '/config', null, 'GetConfig', {}],
    ['POST', '/config:reload', { a: 1 }, 'SetConfig', { config: { a: 1 } }],
    ['GET', '/models/m', null, 'GetModel', { name: 'm' }],
    ['PUT', '/models/m', { a: 1 }, 'SetModel', { config: { a: 1, name: 'm' } }],
    ['PUT', '/models/m', { name: 'm' }, 'SetModel', { config: { name: 'm' } }],
    ['PUT', '/models/m', [1], 'SetModel', { config: [1] }],
    ['DELETE', '/models/a%20b', null, 'RemoveModel', { name: 'a b' }],
    ['DELETE', '/models/m?write_back=true', null, 'RemoveModel', { name: 'm', write_back: true }],
    ['DELETE', '/models/m?write_back=false', null, 'RemoveModel', { name: 'm' }],
    ['POST', '/models/m:reload', null, 'ReloadModel', { name: 'm' }],
    ['POST', '/models/m:recordWarmup', { count: 5 }, 'RecordWarmup', { name: 'm', count: 5 }],
    [
      'PUT',
      '/models/m/labels/l?write_back',
      { version: 7 },
      'SetLabels',
      { name: 'm', set: { l: { parts: [{ version: 7, weight: 1 }] } }, write_back: true },
    ],
    [
      'PUT',
      '/models/m/labels/l',
      { parts: [] },
      'SetLabels',
      { name: 'm', set: { l: { parts: [] } } },
    ],
    ['DELETE', '/models/m/labels/l', null, 'SetLabels', { name: 'm', remove: ['l'] }],
  ] as const) {
    it(`makes ${rpc} of ${method} ${path} with ${JSON.stringify(body)}`, () => {
      const route = adminRoute(method, BASE + path);
      assert.equal(route?.rpc, rpc);
      assert.equal(route?.hasBody, body !== null);
      assert.deepEqual(route?.message(body), message);
    });
  }

  for (const [method, path] of [
    ['GET', ''],
    ['GET', '/'],
    ['POST', '/config'],
    ['GET', '/config?write_back=true'],
    ['GET', '/models'],
    ['GET', '/models/'],
    ['GET', '/models/a/b'],
    ['PATCH', '/models/m'],
    ['OPTIONS', '/models/m'],
    ['PUT', '/models/m?x=1'],
    ['PUT', '/models/m?write_back=1'],
    ['PUT', '/models/m?write_back=true?'],
    ['PUT', '/models/%ff'],
    ['PUT', '/models/m/labels/'],
    ['POST', '/models/m:reload?write_back=true'],
    ['POST', '/models/m:RELOAD'],
  ] as const) {
    it(`has nothing at ${method} ${path}`, () => {
      assert.equal(adminRoute(method, BASE + path), null);
    });
  }

  it('refuses a body for another model than that of the address', () => {
    assert.throws(() => adminRoute('PUT', `${BASE}/models/m`)?.message({ name: 'n' }), {
      code: StatusCode.INVALID_ARGUMENT,
      message: 'The address names the model m, the body another one',
    });
  });
});

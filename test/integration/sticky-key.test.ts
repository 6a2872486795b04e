import assert from 'node:assert/strict';

import { ANYBODY } from '../../src/access/caller.js';
import { InferenceService } from '../../src/service/inference.js';
import type { ModelCatalog } from '../../src/service/model-catalog.js';
import { ShadowTraffic } from '../../src/service/shadow-traffic.js';
import type { Headers } from '../../src/service/sticky-key.js';
import { ServingError, StatusCode } from '../../src/status/serving-error.js';

describe('The sticky key of InferenceService', () => {
  const NOT_FOUND = new ServingError(StatusCode.NOT_FOUND, 'none here');

  /** The keys that the labels are resolved with. */
  function keysOf(stickyHeader: string | null, label: string | null, headers: Headers) {
    const keys: (string | null)[] = [];
    const catalog = {
      acquire: () => {
        throw NOT_FOUND;
      },
      statuses: () => [],
      labelled: (_name: string, _label: string, key: string | null) => {
        keys.push(key);
        throw NOT_FOUND;
      },
    } as unknown as ModelCatalog;
    const shadows = new ShadowTraffic({ catalog, log: null as never });
    const options = { catalog, asTensorContent: false, metrics: null, stickyHeader, shadows };
    const service = new InferenceService(options);
    const choice = label === null ? '' : `\x22${String.fromCharCode(label.length)}${label}`;
    const spec = `\x0a\x01m${choice}`;
    const request = Buffer.from(`\x0a${String.fromCharCode(spec.length)}${spec}`, 'latin1');
    const nothing = (): void => undefined;
    service.proto('predict', request, 0, nothing, {
      ...{ headers, isGone: () => false, caller: ANYBODY, trace: null, cacheControl: '' },
    });
    return keys;
  }

  it('looks up the header of a gRPC request only when it names a label', () => {
    const read: string[] = [];
    const headers: Headers = {
      get: (name) => {
        read.push(name);
        return ['user 7', 'user 8'];
      },
    };
    assert.deepEqual(keysOf('x-key', null, headers), []);
    assert.deepEqual(read, []);
    assert.deepEqual(keysOf('x-key', 'ab', headers), ['user 7']);
    assert.deepEqual(read, ['x-key']);
    assert.deepEqual(keysOf(null, 'ab', headers), [null]);
    assert.deepEqual(read, ['x-key']);
    assert.deepEqual(keysOf('x-key', 'ab', { get: () => [] }), [null]);
  });
});

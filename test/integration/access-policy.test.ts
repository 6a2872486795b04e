/** What a token's scopes leave of those of the configuration, by the addon's matcher. */
import assert from 'node:assert/strict';

import { bothAllow } from '../../src/access/policy.js';
import type { Scope } from '../../src/config/auth-config.js';

describe('bothAllow', () => {
  const scope = (models: string, ...methods: Scope['methods'][number][]): Scope => ({
    models,
    methods,
  });

  it('allows what both allow, and no more', () => {
    const ours = [scope('res*', 'INFER', 'READ'), scope('m', 'ADMIN')];
    assert.deepEqual(bothAllow(ours, [scope('*', 'INFER')]), [scope('res*', 'INFER')]);
    assert.deepEqual(bothAllow(ours, [scope('resnet', 'READ', 'ADMIN')]), [
      scope('resnet', 'READ'),
    ]);
    assert.deepEqual(bothAllow(ours, [scope('m', 'INFER')]), []);
    assert.deepEqual(bothAllow(ours, [scope('*net', 'INFER')]), [], 'neither takes the other in');
    assert.deepEqual(bothAllow([scope('a.c', 'INFER')], [scope('abc', 'INFER')]), []);
    assert.deepEqual(bothAllow([scope('r*s*t', 'INFER')], [scope('res*net', 'INFER')]), [
      scope('res*net', 'INFER'),
    ]);
    assert.deepEqual(bothAllow([], [scope('*', 'INFER')]), []);
  });

  it('ends with claims of many stars', () => {
    const claimed = scope(`${'a*'.repeat(2000)}b`, 'INFER'); // years, for a regular expression
    assert.deepEqual(bothAllow([scope('a'.repeat(200), 'INFER')], [claimed]), []);
  });
});

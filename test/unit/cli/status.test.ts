import assert from 'node:assert/strict';

import { statusOutput, type VersionState } from '../../../src/cli/status.js';
import { singleModel, type ModelConfig } from '../../../src/config/model-config.js';

const version = (number: bigint, state = 'AVAILABLE'): VersionState => ({
  version: number,
  state,
  error: null,
});

describe('The table of status', () => {
  it('shows versions alone where the server tells no configuration', () => {
    const versions = [version(2n), version(1n, 'END')];
    const { text, json } = statusOutput([{ name: 'm', config: null, versions }]);
    assert.equal(text, 'MODEL  VERSION  STATE\nm      2        AVAILABLE\nm      1        END\n');
    assert.deepEqual(json, {
      models: [
        {
          name: 'm',
          versions: [
            { version: '2', state: 'AVAILABLE', error: null },
            { version: '1', state: 'END', error: null },
          ],
        },
      ],
    });
  });

  it('shows plans where the server tells them, in JSON with what they were chosen by', () => {
    const frozen = {
      version: 2n,
      plan: 'frozen',
      caller_thread: true,
      reason: 'the fastest',
      cases: 2,
    };
    const saved = { version: 1n, plan: 'as-saved', reason: 'a table' };
    const plans = new Map<bigint, Record<string, unknown>>([
      [2n, frozen],
      [1n, saved],
    ]);
    const versions = [version(3n, 'LOADING'), version(2n), version(1n)];
    const { text, json } = statusOutput([{ name: 'm', config: null, versions, plans }]);
    assert.equal(
      text,
      [
        'MODEL  VERSION  STATE      PLAN',
        'm      3        LOADING',
        'm      2        AVAILABLE  frozen',
        'm      1        AVAILABLE  as-saved/pool',
        '',
      ].join('\n'),
    );
    const { models } = json as { models: { versions: { plan?: object }[] }[] };
    assert.deepEqual(
      models[0]?.versions.map(({ plan }) => plan),
      [
        undefined,
        { plan: 'frozen', caller_thread: true, reason: 'the fastest', cases: 2 },
        { plan: 'as-saved', reason: 'a table' },
      ],
    );
  });

  it('shows policy and labels, with their share of requests where it is not all', () => {
    const config: ModelConfig = {
      ...singleModel('m', '/m'),
      policy: { kind: 'all' },
      labels: new Map([
        ['stable', new Map([[2n, 1]])],
        [
          'canary',
          new Map([
            [1n, 1],
            [2n, 2],
          ]),
        ],
      ]),
    };
    const pinned: ModelConfig = {
      ...singleModel('pinned', '/p'),
      policy: { kind: 'specific', versions: [3n, 4n] },
    };
    const { text, json } = statusOutput([
      { name: 'm', config, versions: [version(2n), version(1n)] },
      { name: 'pinned', config: pinned, versions: [] },
    ]);
    assert.equal(
      text,
      [
        'MODEL   VERSION  STATE       POLICY         LABELS',
        'm       2        AVAILABLE   all            stable, canary (66.7%)',
        'm       1        AVAILABLE   all            canary (33.3%)',
        'pinned  -        no version  specific 3, 4',
        '',
      ].join('\n'),
    );
    const { models } = json as { models: { versions: { labels: object }[] }[] };
    assert.deepEqual(models[0]?.versions[0]?.labels, { stable: 1, canary: 2 / 3 });
  });

  it('shows an error on one line, cut, and whole as JSON', () => {
    const message = `no\nmodel ${'x'.repeat(200)}`;
    const failed = { ...version(1n, 'END'), error: { code: 'NOT_FOUND', message } };
    const { text, json } = statusOutput([{ name: 'm', config: null, versions: [failed] }]);
    const [head, row, end] = text.split('\n');
    assert.equal(head, 'MODEL  VERSION  STATE  ERROR');
    assert.match(row ?? '', /^m {6}1 {8}END {4}NOT_FOUND: no model x+…$/);
    assert.equal(row?.split('NOT_FOUND')[1]?.length, 100 + 1 - 'NOT_FOUND'.length);
    assert.equal(end, '');
    assert.ok(JSON.stringify(json).includes(JSON.stringify(message)));
  });
});

/** Which requests are in the access log, what their lines say, and what becomes of them when it cannot be written. */
import assert from 'node:assert/strict';

import { AccessLog, type AccessEntry, type AccessLogOptions } from '../../../src/log/access-log.js';

const ENTRY: AccessEntry = {
  protocol: 'gRPC',
  method: 'Predict',
  path: null,
  model: 'm',
  version: '2',
  label: null,
  status: 'OK',
  millis: 1.23456,
  bytesIn: 10,
  bytesOut: 20,
  peer: '127.0.0.1:5',
  requestId: 'id',
  principal: null,
};

describe('AccessLog', () => {
  let texts: string[] = [];
  let errors: string[] = [];
  let fails = false;
  beforeEach(() => {
    texts = [];
    errors = [];
    fails = false;
  });

  const open = (options: Partial<AccessLogOptions> = {}): AccessLog =>
    new AccessLog({
      path: 'file',
      sample: 1,
      slowMillis: 0,
      log: { error: (text: string) => errors.push(text) } as never,
      now: () => new Date(0),
      append: (_, text) => {
        if (fails) return Promise.reject(new Error('no room'));
        texts.push(text);
        return Promise.resolve();
      },
      ...options,
    });

  const lines = (): string[] => texts.join('').split('\n').slice(0, -1);

  it('has a line of JSON for each request', async () => {
    const log = open();
    log.ended(false, ENTRY.millis, () => ENTRY);
    await log.flush();
    const expected = { time: '1970-01-01T00:00:00.000Z', ...ENTRY, millis: 1.235 };
    assert.deepEqual(
      lines().map((line) => JSON.parse(line) as unknown),
      [expected],
    );
  });

  it('has those that fail or are slow whatever the share is', async () => {
    const log = open({ sample: 0.5, slowMillis: 100, random: () => 0.5 });
    const ended = (hasFailed: boolean, millis: number, status: string): void =>
      log.ended(hasFailed, millis, () => ({ ...ENTRY, status }));
    ended(false, 99, 'fast');
    ended(false, 100, 'slow');
    ended(true, 1, 'failed');
    await log.flush();
    assert.deepEqual(
      lines().map((line) => (JSON.parse(line) as AccessEntry).status),
      ['slow', 'failed'],
    );
  });

  it('has the share of the others', async () => {
    let next = 0;
    const log = open({ sample: 0.25, random: () => (next++ % 4) / 4 });
    for (let i = 0; i < 8; ++i) log.ended(false, 1, () => ENTRY);
    await log.flush();
    assert.equal(lines().length, 2);
  });

  it('has lines of sources, those before a request before its own', async () => {
    const log = open({ sample: 0 });
    const taken = ['{"n":1}\n', '{"n":2}\n{"n":3}\n', ''];
    let leftOut = 3;
    log.addSource({
      take: () => taken.shift() ?? '',
      takeLeftOut: () => {
        const count = leftOut;
        leftOut = 0;
        return count;
      },
    });
    log.ended(true, 1, () => ({ ...ENTRY, status: 'failed' }));
    await log.flush();
    const [first, failed, ...rest] = lines();
    assert.equal(first, '{"n":1}');
    assert.match(failed ?? '', /"status":"failed"/);
    assert.deepEqual(rest, ['{"n":2}', '{"n":3}', '{"leftOut":3}']);
  });

  it('cuts what clients choose', async () => {
    const log = open();
    log.ended(false, 1, () => ({ ...ENTRY, model: 'x'.repeat(1000) }));
    await log.flush();
    assert.equal((JSON.parse(lines()[0] ?? '') as AccessEntry).model, `${'x'.repeat(256)}...`);
  });

  it('holds lines within a bound, and says how many it left out', async () => {
    const log = open();
    const requestId = 'x'.repeat(1 << 20);
    for (let i = 0; i < 12; ++i) log.ended(false, 1, () => ({ ...ENTRY, requestId }));
    await log.flush();
    const all = lines();
    assert.equal(all.length, 9);
    assert.equal(all.at(-1), '{"leftOut":4}');
  });

  it('tells once that it cannot be written, and goes on', async () => {
    const log = open();
    fails = true;
    for (let i = 0; i < 3; ++i) {
      log.ended(false, 1, () => ENTRY);
      await log.flush();
    }
    assert.deepEqual(errors, ['--access_log=file: no room']);
    fails = false;
    log.ended(false, 1, () => ENTRY);
    await log.flush();
    assert.equal(lines().length, 1);
  });
});

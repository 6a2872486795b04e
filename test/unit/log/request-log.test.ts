import assert from 'node:assert/strict';

import type { Log } from '../../../src/log/log.js';
import { requestIdOf } from '../../../src/log/request-id.js';
import { RequestLog, type LogClock, type RequestFacts } from '../../../src/log/request-log.js';
import { ServingError, StatusCode } from '../../../src/status/serving-error.js';

interface Line {
  readonly level: string;
  readonly fields: Record<string, unknown>;
}

/** Time that moves only when told. */
class FakeClock implements LogClock {
  #now = 5;
  readonly #due: { at: number; then: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(millis: number, then: () => void): void {
    this.#due.push({ at: this.#now + millis, then });
  }

  advance(millis: number): void {
    this.#now += millis;
    for (const each of this.#due.splice(0)) {
      if (each.at <= this.#now) each.then();
      else this.#due.push(each);
    }
  }
}

const FACTS: RequestFacts = {
  transport: 'REST',
  method: 'predict',
  model: 'm',
  version: null,
  requestId: '',
  millis: null,
};
const NOT_FOUND = new ServingError(StatusCode.NOT_FOUND, 'no such model');

describe('RequestLog', () => {
  let lines: Line[];
  let clock: FakeClock;
  let log: RequestLog;

  beforeEach(() => {
    lines = [];
    clock = new FakeClock();
    const at =
      (level: string) =>
      (fields: Record<string, unknown>): void => {
        lines.push({ level, fields });
      };
    const pino = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
    log = new RequestLog(pino, clock);
  });

  const fail = (count: number): void => {
    for (let i = 0; i < count; ++i) log.failed(NOT_FOUND, () => FACTS);
  };

  it('says what the answer says and what it leaves out', () => {
    const violations = [{ field: 'inputs["x"]', description: 'expected DT_FLOAT [-1]' }];
    const error = new ServingError(StatusCode.INVALID_ARGUMENT, 'text', violations);
    log.failed(error, () => ({ ...FACTS, version: '3', requestId: 'abc', millis: 1.23456 }));
    assert.deepEqual(lines, [
      {
        level: 'info',
        fields: {
          transport: 'REST',
          method: 'predict',
          model: 'm',
          version: '3',
          code: 'INVALID_ARGUMENT',
          error: 'text',
          violations,
          requestId: 'abc',
          millis: 1.235,
        },
      },
    ]);
  });

  it('leaves out what is not known', () => {
    log.failed({ code: '404 Not Found', message: '', violations: [] }, () => ({
      ...FACTS,
      model: null,
    }));
    const fields = { transport: 'REST', method: 'predict', code: '404 Not Found', error: '' };
    assert.deepEqual(lines, [{ level: 'info', fields }]);
  });

  it("warns of the server's faults alone", () => {
    for (const code of Object.values(StatusCode)) {
      if (code === StatusCode.OK) continue;
      lines = [];
      log = new RequestLog(
        {
          info: () => lines.push({ level: 'info', fields: {} }),
          warn: () => lines.push({ level: 'warn', fields: {} }),
        } as unknown as Log,
        clock,
      );
      log.failed(new ServingError(code, ''), () => FACTS);
      const ours = [2, 4, 8, 13, 14, 15].includes(code);
      assert.equal(lines[0]?.level, ours ? 'warn' : 'info', `code ${code}`);
    }
  });

  it('cuts long messages and names', () => {
    const long = 'n'.repeat(5000);
    const error = new ServingError(StatusCode.NOT_FOUND, long);
    log.failed(error, () => ({ ...FACTS, model: long, version: long }));
    const { error: message, model, version } = lines[0]?.fields ?? {};
    assert.equal(message, `${'n'.repeat(1024)}...`);
    assert.equal(model, `${'n'.repeat(256)}...`);
    assert.equal(version, model);
  });

  it('writes 50 lines a second and then counts', () => {
    fail(50);
    assert.equal(lines.length, 50);
    let described = 0;
    for (let i = 0; i < 1000; ++i) {
      log.failed(NOT_FOUND, () => {
        ++described;
        return FACTS;
      });
    }
    assert.equal(lines.length, 50);
    assert.equal(described, 0);
    clock.advance(999);
    assert.equal(lines.length, 50);
    clock.advance(1);
    assert.deepEqual(lines[50], { level: 'warn', fields: { leftOut: 1000 } });
    clock.advance(5000);
    assert.equal(lines.length, 51);
  });

  it('has room again in the next second', () => {
    fail(60);
    clock.advance(1000);
    fail(1);
    clock.advance(999);
    fail(60);
    assert.equal(lines.length, 50 + 1 + 50);
    log.flush();
    log.flush();
    assert.deepEqual(lines[101], { level: 'warn', fields: { leftOut: 11 } });
    assert.equal(lines.length, 102);
  });

  it('says how many were left out before it goes on, should the timer be late', () => {
    fail(51);
    const late: LogClock = { now: () => 0, after: () => undefined };
    log = new RequestLog(
      {
        info: () => lines.push({ level: 'info', fields: {} }),
        warn: (fields: Record<string, unknown>) => lines.push({ level: 'warn', fields }),
      } as unknown as Log,
      late,
    );
    lines = [];
    fail(51);
    late.now = () => 1000;
    fail(1);
    assert.deepEqual(
      lines.slice(50).map((line) => line.level),
      ['warn', 'info'],
    );
  });
});

describe('requestIdOf', () => {
  it('takes 1 to 128 visible ASCII characters', () => {
    for (const id of ['a', '!~', 'x'.repeat(128), '{"a":1}', '4bf92f3577b34da6']) {
      assert.equal(requestIdOf(id), id);
    }
  });

  it('takes nothing else', () => {
    for (const id of ['', 'x'.repeat(129), 'a b', 'a\tb', 'ä', 'a\x7f', 'a\n', '\0']) {
      assert.equal(requestIdOf(id), '', JSON.stringify(id));
    }
  });
});

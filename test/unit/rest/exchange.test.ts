import assert from 'node:assert/strict';

import type { Failure } from '../../../src/log/request-log.js';
import { BufferBudget } from '../../../src/listening/buffer-budget.js';
import { Exchange, type ExchangeHost } from '../../../src/rest/exchange.js';
import type { AfterAnswer, ExchangeOwner, HttpExchange } from '../../../src/rest/http.js';
import { ServingError, StatusCode } from '../../../src/status/serving-error.js';

interface Answer {
  readonly status: string;
  readonly headers: readonly string[];
  readonly body: string | Uint8Array;
  readonly after: AfterAnswer;
}

const JSON_TYPE = ['Content-Type', 'application/json'];

/** A transport that keeps what it is told. */
class RecordingHttp implements HttpExchange {
  owner: ExchangeOwner | null = null;
  readonly isForsaken = false;
  readonly answers: Answer[] = [];
  readonly received: unknown[] = [];

  receive(...args: unknown[]): void {
    this.received.push(args);
  }

  peer(): string {
    return '127.0.0.1:1';
  }

  answer(
    status: string,
    headers: readonly string[],
    body: string | Uint8Array,
    after: AfterAnswer,
  ): void {
    this.answers.push({ status, headers, body, after });
  }
}

class RecordingHost implements ExchangeHost {
  readonly budget = new BufferBudget(100);
  readonly corsEnabled: boolean = false;
  readonly gzipMinBytes: number = 0;
  readonly requestMetrics = null;
  readonly failures: Failure[] = [];
  ends = 0;

  ended(): void {
    ++this.ends;
  }

  failed(_: Exchange, failure: Failure): void {
    this.failures.push(failure);
  }
}

describe('Exchange', () => {
  let http: RecordingHttp;
  let host: RecordingHost;
  const open = (settings: Partial<ExchangeHost> = {}, isHead = false): Exchange => {
    http = new RecordingHttp();
    host = Object.assign(new RecordingHost(), settings);
    return new Exchange(http, host, isHead);
  };

  it('answers once, and ends then', () => {
    const exchange = open();
    exchange.json('{}');
    exchange.fail(new ServingError(StatusCode.INTERNAL, 'late'));
    exchange.expire();
    assert.deepEqual(http.answers, [
      { status: '200 OK', headers: JSON_TYPE, body: '{}', after: 'keep' },
    ]);
    assert.equal(host.ends, 1);
    assert.deepEqual(host.failures, []);
  });

  it('answers nothing to a client that is gone', () => {
    const exchange = open();
    http.owner?.aborted();
    exchange.json('{}');
    assert.ok(exchange.over);
    assert.deepEqual(http.answers, []);
    assert.equal(host.ends, 1);
  });

  it('hands the body on as the transport has it', () => {
    const exchange = open();
    const taken: unknown[] = [];
    const limits = { maxBytes: 10, borrowBytes: 5 };
    exchange.receive(limits, 3, (...args) => taken.push(args));
    assert.deepEqual(http.received, [[limits, 3]]);
    const body = new Uint8Array(3);
    http.owner?.received(body, null);
    assert.deepEqual(taken, [[body, null]]);
  });

  it('refuses what is too large, and lets the client send on', () => {
    open({ corsEnabled: true }).requestId = 'id';
    http.owner?.tooLarge(7);
    const [answer] = http.answers;
    assert.equal(answer?.status, '413 Payload Too Large');
    assert.match(String(answer?.body), /larger than 7 bytes/);
    assert.equal(answer?.after, 'linger');
    assert.deepEqual(answer?.headers.slice(0, 4), [
      ...JSON_TYPE,
      'Access-Control-Allow-Origin',
      '*',
    ]);
    assert.equal(host.failures.length, 1);
  });

  it('refuses what there is no room for, with the limit', () => {
    open();
    http.owner?.noRoom();
    const [answer] = http.answers;
    assert.equal(answer?.status, '503 Service Unavailable');
    assert.match(String(answer?.body), /take the 100 bytes/);
    assert.equal(answer?.after, 'linger');
  });

  it('answers 500 when something was thrown', () => {
    open();
    http.owner?.threw(new Error('a bug'));
    assert.equal(http.answers[0]?.status, '500 Internal Server Error');
  });

  it('names version, time to come back and request, in this order', () => {
    const exchange = open();
    exchange.requestId = 'id';
    exchange.modelVersion = '3';
    const details = { retryAfterMillis: 1500 };
    exchange.fail(Object.assign(new ServingError(StatusCode.UNAVAILABLE, 'full'), details));
    assert.deepEqual(http.answers[0]?.headers, [
      ...JSON_TYPE,
      ...['X-Model-Version', '3', 'Retry-After', '2', 'X-Request-Id', 'id'],
    ]);
  });

  it('says that a long answer may be compressed, and compresses it where that is taken', async () => {
    const long = '{"a": 1}'.repeat(100);
    open({ gzipMinBytes: 100 }).json(long);
    assert.deepEqual(http.answers[0]?.headers, [...JSON_TYPE, 'Vary', 'Accept-Encoding']);
    const exchange = open({ gzipMinBytes: 100 });
    exchange.gzipAccepted = true;
    exchange.json(long);
    const { answers } = http;
    while (answers.length === 0) await new Promise(setImmediate);
    const gzip = ['Content-Encoding', 'gzip', 'Vary', 'Accept-Encoding'];
    assert.deepEqual(answers[0]?.headers, [...JSON_TYPE, ...gzip]);
  });

  it('compresses nothing for HEAD', () => {
    const exchange = open({ gzipMinBytes: 1 }, /* isHead */ true);
    exchange.gzipAccepted = true;
    exchange.json('{"a": 1}');
    assert.deepEqual(http.answers[0]?.headers, JSON_TYPE);
  });

  it('closes the connection behind a page', () => {
    open().page('404 Not Found');
    assert.equal(http.answers[0]?.after, 'close');
    assert.deepEqual(http.answers[0]?.headers, ['Content-Type', 'text/html']);
  });

  it('answers OPTIONS without a content type', () => {
    open().preflight(false);
    assert.deepEqual(http.answers[0], {
      status: '400 Bad Request',
      headers: [],
      body: '',
      after: 'keep',
    });
  });
});

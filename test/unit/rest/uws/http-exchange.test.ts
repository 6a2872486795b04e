import assert from 'node:assert/strict';

import type { HttpResponse } from 'uWebSockets.js';

import { BufferBudget } from '../../../../src/listening/buffer-budget.js';
import type { ExchangeOwner } from '../../../../src/rest/http.js';
import { UwsHttpExchange } from '../../../../src/rest/uws/http-exchange.js';

/** uWebSockets' side: `takes` is what the client reads of an answer at once. */
class FakeResponse {
  readonly calls: unknown[][] = [];
  takes = Infinity;
  abort = (): void => undefined;
  data = (_chunk: ArrayBuffer, _isLast: boolean): void => undefined;
  writable = (_offset: number): boolean => false;

  onAborted(handler: () => void): void {
    this.abort = handler;
  }

  onData(handler: (chunk: ArrayBuffer, isLast: boolean) => void): void {
    this.data = handler;
  }

  onWritable(handler: (offset: number) => boolean): void {
    this.writable = handler;
  }

  cork(write: () => void): void {
    write();
  }

  writeStatus(...args: unknown[]): this {
    return this.#note('writeStatus', args);
  }

  writeHeader(...args: unknown[]): this {
    return this.#note('writeHeader', args);
  }

  end(...args: unknown[]): this {
    return this.#note('end', args);
  }

  endWithoutBody(...args: unknown[]): this {
    return this.#note('endWithoutBody', args);
  }

  tryEnd({ length }: Uint8Array): [boolean, boolean] {
    const isDone = length <= this.takes;
    this.#note('tryEnd', [length]);
    return [isDone, isDone];
  }

  #note(name: string, args: unknown[]): this {
    this.calls.push([name, ...args]);
    return this;
  }
}

class RecordingOwner implements ExchangeOwner {
  readonly heard: unknown[][] = [];
  onBody = (): void => undefined;

  received(...args: unknown[]): void {
    this.heard.push(['received', ...args]);
    this.onBody();
  }

  tooLarge(maxBytes: number): void {
    this.heard.push(['tooLarge', maxBytes]);
  }

  noRoom(): void {
    this.heard.push(['noRoom']);
  }

  tooSlow(): void {
    this.heard.push(['tooSlow']);
  }

  expire(): void {
    this.heard.push(['expire']);
  }

  begunBefore(...args: unknown[]): void {
    this.heard.push(['begunBefore', ...args]);
  }

  ran(...args: unknown[]): void {
    this.heard.push(['ran', ...args]);
  }

  threw(error: unknown): void {
    this.heard.push(['threw', error]);
  }

  aborted(): void {
    this.heard.push(['aborted']);
  }
}

const LIMITS = { maxBytes: 100, borrowBytes: 10 };

describe('UwsHttpExchange', () => {
  let response: FakeResponse;
  let host: { budget: BufferBudget; draining: boolean; ends: number; ended(): void };
  let owner: RecordingOwner;
  const open = (isHead = false): UwsHttpExchange => {
    response = new FakeResponse();
    host = {
      budget: new BufferBudget(100),
      draining: false,
      ends: 0,
      ended: () => ++host.ends,
    };
    owner = new RecordingOwner();
    const exchange = new UwsHttpExchange(response as unknown as HttpResponse, host, isHead);
    exchange.owner = owner;
    return exchange;
  };

  it('lends a short body that comes in one piece', () => {
    open().receive(LIMITS, 0);
    const chunk = new ArrayBuffer(10);
    response.data(chunk, true);
    assert.deepEqual(owner.heard, [['received', chunk, null]]);
    assert.equal(owner.heard[0]?.[1], chunk);
    assert.equal(host.budget.taken, 0);
  });

  it('collects others, and leaves what they hold to the owner', () => {
    open().receive(LIMITS, 11);
    response.data(new ArrayBuffer(5), false);
    assert.equal(host.budget.taken, 11);
    response.data(new ArrayBuffer(6), true);
    const [[what, body, held] = []] = owner.heard as [string, Uint8Array, { release(): void }][];
    assert.equal(what, 'received');
    assert.equal(body?.byteLength, 11);
    assert.equal(host.budget.taken, 11);
    held?.release();
    assert.equal(host.budget.taken, 0);
  });

  it('gives back what an incomplete body holds when it is answered, and takes no more of it', () => {
    const exchange = open();
    exchange.receive(LIMITS, 50);
    response.data(new ArrayBuffer(5), false);
    exchange.answer('504 Gateway Timeout', [], 'late', 'keep');
    assert.equal(host.budget.taken, 0);
    response.data(new ArrayBuffer(45), true);
    assert.deepEqual(owner.heard, []);
  });

  it('tells what is too large, and what there is no room for', () => {
    open().receive(LIMITS, 0);
    response.data(new ArrayBuffer(101), false);
    assert.deepEqual(owner.heard, [['tooLarge', 100]]);
    open().receive(LIMITS, 60);
    assert.ok(host.budget.take(50));
    response.data(new ArrayBuffer(60), true);
    assert.deepEqual(owner.heard, [['noRoom']]);
  });

  it('tells what its owner throws about a body', () => {
    open().receive(LIMITS, 0);
    const bug = new Error('a bug');
    owner.onBody = () => {
      throw bug;
    };
    response.data(new ArrayBuffer(1), true);
    assert.deepEqual(owner.heard[1], ['threw', bug]);
  });

  it('writes status, headers and body, and no status that is the default', () => {
    open().answer('200 OK', ['A', '1', 'B', '2'], 'body', 'keep');
    assert.deepEqual(response.calls, [
      ['writeHeader', 'A', '1'],
      ['writeHeader', 'B', '2'],
      ['end', 'body', false],
    ]);
    open().answer('404 Not Found', [], '', 'close');
    assert.deepEqual(response.calls, [
      ['writeStatus', '404 Not Found'],
      ['end', '', true],
    ]);
    assert.equal(host.ends, 1);
  });

  it('closes every connection behind its answer while the server drains', () => {
    const exchange = open();
    host.draining = true;
    exchange.answer('200 OK', [], 'x'.repeat(2000), 'keep');
    assert.deepEqual(response.calls.at(-1), ['end', 'x'.repeat(2000), true]);
  });

  it('asks the client to close where it is to linger, even while the server drains', () => {
    const exchange = open();
    host.draining = true;
    exchange.answer('413 Payload Too Large', [], 'no', 'linger');
    assert.deepEqual(response.calls.slice(1), [
      ['writeHeader', 'Connection', 'close'],
      ['end', 'no'],
    ]);
  });

  it('sends neither body nor length to HEAD', () => {
    open(true).answer('200 OK', [], 'body', 'keep');
    assert.deepEqual(response.calls, [['endWithoutBody']]);
    open(true).answer('200 OK', [], 'body', 'close');
    assert.deepEqual(response.calls, [['endWithoutBody', 0, true]]);
  });

  it('ends when the client has taken the whole of a long answer', () => {
    const exchange = open();
    response.takes = 1000;
    exchange.answer('200 OK', [], new Uint8Array(3000), 'keep');
    assert.equal(host.ends, 0);
    assert.equal(response.writable(1500), false);
    assert.equal(host.ends, 0);
    assert.equal(response.writable(2500), true);
    assert.equal(host.ends, 1);
    response.abort();
    assert.equal(host.ends, 1);
  });

  it('ends once when the client goes: before its answer, in it, behind it', () => {
    open().receive(LIMITS, 50);
    response.data(new ArrayBuffer(5), false);
    response.abort();
    response.abort();
    assert.deepEqual(owner.heard, [['aborted']]);
    assert.equal(host.ends, 1);
    assert.equal(host.budget.taken, 0);

    let exchange = open();
    response.takes = 1000;
    exchange.answer('200 OK', [], new Uint8Array(3000), 'keep');
    response.abort();
    response.abort();
    assert.equal(host.ends, 1);

    exchange = open();
    exchange.answer('200 OK', [], '', 'keep');
    response.abort();
    assert.equal(host.ends, 1);
    assert.deepEqual(owner.heard, []);
  });
});

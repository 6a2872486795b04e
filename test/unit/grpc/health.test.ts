import assert from 'node:assert/strict';

import { ANYBODY } from '../../../src/access/caller.js';
import { HealthService } from '../../../src/grpc/health.js';
import type { MessageStream } from '../../../src/grpc/stream.js';
import { loadProtos } from '../../../src/protos/protos.js';
import { Readiness } from '../../../src/service/readiness.js';
import { StatusCode, type ServingError } from '../../../src/status/serving-error.js';

const MAX_WATCHES = 10_000;
const requestType = loadProtos(['grpc/health/v1/health.proto']).lookupType(
  'grpc.health.v1.HealthCheckRequest',
);

/** A client's call, and what it was sent. */
class Call implements MessageStream {
  readonly sent: number[] = [];
  ended: ServingError | 'OK' | null = null;
  #over: () => void = () => undefined;

  write(message: Uint8Array): void {
    this.sent.push(message[1] ?? 0); // the message's one field
  }

  end(error?: ServingError): void {
    this.ended = error ?? 'OK';
    this.#over();
  }

  onOver(callback: () => void): void {
    this.#over = callback;
  }

  leave(): void {
    this.#over();
  }
}

const SERVING = 1;
const NOT_SERVING = 2;
const SERVICE_UNKNOWN = 3;

describe('HealthService', () => {
  let configured: string[];
  let readiness: Readiness;
  let health: HealthService;
  beforeEach(() => {
    configured = [];
    readiness = new Readiness({
      when: 'listening',
      configured: () => configured,
      catalog: { statuses: () => [], troubleOf: () => null },
    });
    health = new HealthService(readiness);
  });

  function watch(service: string): Call {
    const call = new Call();
    const request = requestType.encode(requestType.create({ service })).finish();
    health.watch(call, ANYBODY).message(Buffer.from(request));
    return call;
  }

  it('sends a status once until it is another one', async () => {
    const [all, model] = [watch(''), watch('m')];
    readiness.changed();
    await Promise.resolve();
    assert.deepEqual([all.sent, model.sent], [[SERVING], [SERVICE_UNKNOWN]]);
    configured = ['m'];
    readiness.changed();
    const late = watch('m');
    await Promise.resolve();
    readiness.enter('draining');
    readiness.changed();
    await Promise.resolve();
    assert.deepEqual(all.sent, [SERVING, NOT_SERVING]);
    assert.deepEqual(model.sent, [SERVICE_UNKNOWN, NOT_SERVING]);
    assert.deepEqual(late.sent, [NOT_SERVING]);
    health.close();
    assert.deepEqual([all.ended, model.ended, late.ended], ['OK', 'OK', 'OK']);
  });

  it('lets so many watch and no more, until one leaves', () => {
    const calls = Array.from({ length: MAX_WATCHES }, (_, i) => watch(`m${i % 7}`));
    const refused = watch('');
    assert.deepEqual(refused.sent, []);
    assert.equal((refused.ended as ServingError).code, StatusCode.RESOURCE_EXHAUSTED);
    calls[5]?.leave();
    assert.deepEqual(watch('').sent, [SERVING]);
    assert.equal((watch('').ended as ServingError).code, StatusCode.RESOURCE_EXHAUSTED);
  });

  it('tells those who have left nothing', () => {
    const [gone, stays] = [watch(''), watch('')];
    gone.leave();
    readiness.enter('draining');
    assert.deepEqual([gone.sent, stays.sent], [[SERVING], [SERVING, NOT_SERVING]]);
  });
});

import { SpanKind } from '@opentelemetry/api';
import { RandomIdGenerator, type ReadableSpan } from '@opentelemetry/sdk-trace';
import assert from 'node:assert/strict';

import { recordedExchange } from '../../../src/rest/exchange-trace.js';
import { RequestSpan, spansOf } from '../../../src/tracing/request-span.js';
import { TraceClock } from '../../../src/tracing/trace-clock.js';

describe('The span of a request', () => {
  it('can be made when the request is over, of what the native transport has noted', () => {
    const finished: ReadableSpan[] = [];
    const clock = new TraceClock();
    const now = Number(process.hrtime.bigint());
    clock.now();
    const line = '504 Gateway Timeout';
    const stages = [now, now + 2e6, 0, 0, now + 2e6, now + 3e6, 0, 0];
    const path = '/v1/models/m/versions/7:classify';
    const facts = recordedExchange({
      ...{ method: 1, status: 504, message: line, model: 'm', version: '7' },
      ...{ requestId: 'id-1', path },
    });
    spansOf(
      { ids: new RandomIdGenerator(), clock, finished: (span) => finished.push(span) },
      undefined,
      { ...facts, traceparent: '', began: now, ended: now + 4e6, stages },
    );
    assert.deepEqual(
      finished.map(({ name, duration }) => [name, Math.round(duration[1] / 1e5) / 10]),
      [
        ['queue', 2],
        ['run', 1],
        ['POST /v1/models/{model}:classify', 4],
      ],
    );
    const whole = finished[2];
    assert.equal(whole?.status.message, line);
    assert.deepEqual(whole.attributes, {
      'http.request.method': 'POST',
      'url.path': path,
      'http.route': '/v1/models/{model}:classify',
      'tensorgate.model': 'm',
      'tensorgate.version': '7',
      'tensorgate.request_id': 'id-1',
      'http.response.status_code': 504,
    });
    const parents = finished.map((span) => span.parentSpanContext?.spanId);
    assert.deepEqual(parents, [whole.spanContext().spanId, whole.spanContext().spanId, undefined]);
  });

  it('has its steps as children, and their stages as children of these', () => {
    const finished: ReadableSpan[] = [];
    const request = new RequestSpan(
      {
        ids: new RandomIdGenerator(),
        clock: new TraceClock(),
        finished: (span) => finished.push(span),
      },
      'Predict',
      undefined,
    );
    const step = request.step('score');
    const now = Number(process.hrtime.bigint());
    step.ran([0, 0, 0, 0, now, now + 1000, 0, 0]);
    step.end('broken');
    request.end(null);
    const [run, scored, whole] = finished;
    assert.deepEqual(
      finished.map(({ name, kind }) => [name, kind]),
      [
        ['run', SpanKind.INTERNAL],
        ['step score', SpanKind.INTERNAL],
        ['Predict', SpanKind.SERVER],
      ],
    );
    assert.equal(scored?.status.message, 'broken');
    assert.equal(run?.parentSpanContext?.spanId, scored?.spanContext().spanId);
    assert.equal(scored?.parentSpanContext?.spanId, whole?.spanContext().spanId);
    assert.equal(new Set(finished.map((span) => span.spanContext().traceId)).size, 1);
  });
});

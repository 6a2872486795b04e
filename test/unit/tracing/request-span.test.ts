import { SpanKind } from '@opentelemetry/api';
import { RandomIdGenerator, type ReadableSpan } from '@opentelemetry/sdk-trace';
import assert from 'node:assert/strict';

import { RequestSpan } from '../../../src/tracing/request-span.js';
import { TraceClock } from '../../../src/tracing/trace-clock.js';

describe('The span of a request', () => {
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

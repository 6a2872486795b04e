/** RequestSpan: the trace of one request, as spans of OpenTelemetry: one of its own, one for each stage. */
import {
  context,
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
  type Link,
  type Span,
  type Tracer as OtelTracer,
} from '@opentelemetry/api';

import type { NativeBatchReport, NativeStageSpans } from '../native/binding.js';
import type { RunTrace } from '../native/run-trace.js';
import type { TraceClock } from './trace-clock.js';
import type { RequestTrace, TraceAttributes } from './tracer.js';

/** As RequestStage of binding/runtime/request_statistics.h. */
const STAGES = ['queue', 'decode', 'run', 'encode'] as const;

export interface SpanMaker {
  readonly tracer: OtelTracer;
  readonly clock: TraceClock;
}

export class RequestSpan implements RequestTrace {
  readonly #maker: SpanMaker;
  readonly #span: Span;
  readonly #context: Context;
  /** The batch that it ran in. */
  #batch: Link | null = null;

  /** `parent`: the client's span, or none. */
  constructor(maker: SpanMaker, name: string, parent: Context) {
    this.#maker = maker;
    const options = { kind: SpanKind.SERVER, startTime: maker.clock.now() };
    this.#span = maker.tracer.startSpan(name, options, parent);
    this.#context = trace.setSpan(parent, this.#span);
  }

  rename(name: string): void {
    this.#span.updateName(name);
  }

  set(attributes: TraceAttributes): void {
    this.#span.setAttributes(attributes);
  }

  ran(spans: NativeStageSpans): void {
    const { tracer, clock } = this.#maker;
    STAGES.forEach((name, index) => {
      const [begin = 0, end = 0] = spans.slice(2 * index, 2 * index + 2);
      if (begin === 0) return;
      const links = name === 'run' && this.#batch !== null ? [this.#batch] : [];
      const options = { startTime: clock.at(begin), links };
      tracer.startSpan(name, options, this.#context).end(clock.at(end));
    });
  }

  /** A trace of its own, since it belongs to several: with a link to each. */
  ranTogether(
    members: readonly RunTrace[],
    [runNanos, rows, paddedRows, outcome, began, ended]: NativeBatchReport,
    tasks: number,
  ): void {
    const { tracer, clock } = this.#maker;
    const spans = members.filter((member) => member instanceof RequestSpan);
    const batch = tracer.startSpan(
      'batch',
      {
        startTime: clock.at(began),
        links: spans.map((member) => ({ context: member.#span.spanContext() })),
        attributes: {
          'tensorgate.batch.tasks': tasks,
          'tensorgate.batch.rows': rows,
          'tensorgate.batch.padded_rows': paddedRows,
          'tensorgate.batch.ran_together': outcome === 0,
          'tensorgate.batch.run_millis': runNanos / 1e6,
        },
      },
      context.active(),
    );
    batch.end(clock.at(ended));
    for (const member of spans) member.#batch = { context: batch.spanContext() };
  }

  end(failure: string | null): void {
    if (failure !== null) {
      this.#span.setStatus({ code: SpanStatusCode.ERROR, message: failure });
    }
    this.#span.end(this.#maker.clock.now());
  }
}

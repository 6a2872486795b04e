/** RequestSpan: the trace of one request, as spans of OpenTelemetry: one of its own, one for each stage. */
import { SpanKind, TraceFlags, type Link, type SpanContext } from '@opentelemetry/api';
import type { IdGenerator, ReadableSpan } from '@opentelemetry/sdk-trace';

import type { NativeBatchReport, NativeStageSpans } from '../native/binding.js';
import type { RunTrace, StepTrace } from '../native/run-trace.js';
import { FinishedSpan } from './finished-span.js';
import type { TraceClock } from './trace-clock.js';
import type { RecordedRequest, RequestTrace, TraceAttributes } from './tracer.js';

/** As RequestStage of binding/model/request_statistics.h. */
const STAGES = ['queue', 'decode', 'run', 'encode'] as const;
export interface SpanMaker {
  readonly ids: IdGenerator;
  readonly clock: TraceClock;
  /** Takes what is finished. */
  readonly finished: (span: ReadableSpan) => void;
}

export class RequestSpan implements RequestTrace {
  readonly #maker: SpanMaker;
  readonly #context: SpanContext;
  readonly #parent: SpanContext | undefined;
  readonly #kind: SpanKind;
  readonly #beganMillis: number;
  #name: string;
  readonly #attributes: Record<string, string | number | boolean> = {};
  /** To the batch that it ran in, if there was one. */
  #batch: Link[] | undefined;

  /** `parent`: the client's span, or none. */
  constructor(
    maker: SpanMaker,
    name: string,
    parent: SpanContext | undefined,
    kind = SpanKind.SERVER,
  ) {
    this.#kind = kind;
    this.#maker = maker;
    this.#name = name;
    this.#parent = parent;
    this.#context = newContext(maker.ids, parent?.traceId ?? maker.ids.generateTraceId());
    this.#beganMillis = maker.clock.now();
  }

  rename(name: string): void {
    this.#name = name;
  }

  set(attributes: TraceAttributes): void {
    Object.assign(this.#attributes, attributes);
  }

  ran(spans: NativeStageSpans): void {
    stagesRan(this.#maker, this.#context, spans, this.#batch);
  }

  step(name: string): StepTrace {
    return new RequestSpan(this.#maker, `step ${name}`, this.#context, SpanKind.INTERNAL);
  }

  /** A trace of its own, since it belongs to several: with a link to each. */
  ranTogether(
    members: readonly RunTrace[],
    [runNanos, rows, paddedRows, outcome, began = 0, ended = 0]: NativeBatchReport,
    tasks: number,
  ): void {
    const { ids, clock, finished } = this.#maker;
    const spans = members.filter((member) => member instanceof RequestSpan);
    const context = newContext(ids, ids.generateTraceId());
    const attributes = {
      'tensorgate.batch.tasks': tasks,
      'tensorgate.batch.rows': rows,
      'tensorgate.batch.padded_rows': paddedRows,
      'tensorgate.batch.ran_together': outcome === 0,
      'tensorgate.batch.run_millis': runNanos / 1e6,
    };
    finished(
      new FinishedSpan({
        name: 'batch',
        kind: SpanKind.INTERNAL,
        context,
        beganMillis: clock.at(began),
        endedMillis: clock.at(ended),
        attributes,
        links: spans.map((member) => ({ context: member.#context })),
      }),
    );
    const link = [{ context }];
    for (const member of spans) member.#batch = link;
  }

  end(failure: string | null): void {
    const { clock, finished } = this.#maker;
    finished(
      new FinishedSpan({
        name: this.#name,
        kind: this.#kind,
        context: this.#context,
        parent: this.#parent,
        beganMillis: this.#beganMillis,
        endedMillis: clock.now(),
        attributes: this.#attributes,
        failure,
      }),
    );
  }
}

/** A span for each stage that the request came to; that of its run has the links. */
function stagesRan(
  { ids, clock, finished }: SpanMaker,
  parent: SpanContext,
  spans: NativeStageSpans,
  links?: Link[],
): void {
  for (let i = 0; i < STAGES.length; i++) {
    const begin = spans[2 * i] ?? 0;
    if (begin === 0) continue;
    const name = STAGES[i] ?? '';
    finished(
      new FinishedSpan({
        name,
        kind: SpanKind.INTERNAL,
        context: newContext(ids, parent.traceId),
        parent,
        beganMillis: clock.at(begin),
        endedMillis: clock.at(spans[2 * i + 1] ?? 0),
        ...(name === 'run' && links !== undefined && { links }),
      }),
    );
  }
}

/** The spans of a request that is over. */
export function spansOf(
  maker: SpanMaker,
  parent: SpanContext | undefined,
  request: RecordedRequest,
): void {
  const { ids, clock, finished } = maker;
  const { name, attributes, failure } = request;
  const context = newContext(ids, parent?.traceId ?? ids.generateTraceId());
  stagesRan(maker, context, request.stages);
  finished(
    new FinishedSpan({
      name,
      kind: SpanKind.SERVER,
      context,
      parent,
      beganMillis: clock.at(request.began),
      endedMillis: clock.at(request.ended),
      attributes,
      failure,
    }),
  );
}

function newContext(ids: IdGenerator, traceId: string): SpanContext {
  return { traceId, spanId: ids.generateSpanId(), traceFlags: TraceFlags.SAMPLED };
}

/**
 * FinishedSpan: a span that was over before it was made, in the form that processors and exporters of
 * OpenTelemetry take. The SDK's own spans are made to be changed until they end, which costs several times as much.
 */
import {
  SpanStatusCode,
  type Attributes,
  type HrTime,
  type Link,
  type SpanContext,
  type SpanKind,
  type SpanStatus,
} from '@opentelemetry/api';
import { emptyResource, type Resource } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';

import type { TraceAttributes } from './tracer.js';

const SCOPE = { name: 'tensorgate' };
/** Shared by all spans that have none: nobody adds to what is finished. */
const NO_EVENTS: ReadableSpan['events'] = [];
const NO_ATTRIBUTES: Attributes = {};
const NO_LINKS: Link[] = [];
const UNSET: SpanStatus = { code: SpanStatusCode.UNSET };

/** What all spans of a process say of it; set once, before there are any. */
let resource: Resource = emptyResource();
export function setResource(own: Resource): void {
  resource = own;
}

/** UNITS: milliseconds since 1970, with fractions. Absent: none. */
export interface SpanFacts {
  readonly name: string;
  readonly kind: SpanKind;
  readonly context: SpanContext;
  readonly parent?: SpanContext | undefined;
  readonly beganMillis: number;
  readonly endedMillis: number;
  readonly attributes?: TraceAttributes;
  readonly links?: Link[];
  /** Why it failed; null: it did not. */
  readonly failure?: string | null;
}

export class FinishedSpan implements ReadableSpan {
  readonly name: string;
  readonly kind: SpanKind;
  readonly spanContext: () => SpanContext;
  declare readonly parentSpanContext?: SpanContext;
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  readonly duration: HrTime;
  readonly attributes: Attributes;
  readonly links: Link[];
  readonly status: SpanStatus;
  readonly ended = true;
  readonly events = NO_EVENTS;
  readonly resource = resource;
  readonly instrumentationScope = SCOPE;
  readonly droppedAttributesCount = 0;
  readonly droppedEventsCount = 0;
  readonly droppedLinksCount = 0;

  constructor(facts: SpanFacts) {
    const { context, parent, beganMillis, endedMillis, failure = null } = facts;
    this.name = facts.name;
    this.kind = facts.kind;
    this.spanContext = () => context;
    if (parent !== undefined) this.parentSpanContext = parent;
    this.startTime = hrTime(beganMillis);
    this.endTime = hrTime(endedMillis);
    this.duration = hrTime(Math.max(0, endedMillis - beganMillis));
    this.attributes = facts.attributes ?? NO_ATTRIBUTES;
    this.links = facts.links ?? NO_LINKS;
    this.status = failure === null ? UNSET : { code: SpanStatusCode.ERROR, message: failure };
  }
}

/** Seconds and nanoseconds. */
function hrTime(millis: number): HrTime {
  const seconds = Math.floor(millis / 1000);
  return [seconds, Math.floor((millis - seconds * 1000) * 1e6)];
}

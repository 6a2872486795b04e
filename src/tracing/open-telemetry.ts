/**
 * OpenTelemetryTracer: spans by OpenTelemetry's SDK, sent by OTLP. The SDK's own variables hold where no flag of
 * ours says otherwise: OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_EXPORTER_OTLP_HEADERS,
 * OTEL_EXPORTER_OTLP_CERTIFICATE, OTEL_BSP_* and so on.
 */
import { TraceFlags, type SpanContext } from '@opentelemetry/api';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { BatchSpanProcessor, RandomIdGenerator, type SpanExporter } from '@opentelemetry/sdk-trace';

import type { Log } from '../log/log.js';
import { addon } from '../native/addon.js';
import { setResource } from './finished-span.js';
import { RequestSpan, spansOf, type SpanMaker } from './request-span.js';
import { TraceClock } from './trace-clock.js';
import type { RecordedRequest, RequestTrace, Tracer, TracerOptions } from './tracer.js';

const TRACES_PATH = '/v1/traces';
const PATIENCE_MILLIS = 3000;
const EXPORT_OK = 0;
const SOURCES_MILLIS = 200;

export class OpenTelemetryTracer implements Tracer {
  readonly #processor: BatchSpanProcessor;
  readonly #maker: SpanMaker;
  readonly #sources: (() => readonly RecordedRequest[])[] = [];
  #timer: NodeJS.Timeout | null = null;

  static async start(options: TracerOptions, log: Log): Promise<OpenTelemetryTracer> {
    const exporter = toldOnce(await exporterOf(options), options.endpoint, log);
    return new OpenTelemetryTracer(exporter);
  }

  constructor(exporter: SpanExporter) {
    const own = { 'service.name': 'tensorgate', 'process.pid': process.pid };
    setResource(
      defaultResource()
        .merge(resourceFromAttributes(own))
        .merge(detectResources({ detectors: [envDetector] })),
    );
    this.#processor = new BatchSpanProcessor({ exporter });
    this.#maker = {
      ids: new RandomIdGenerator(),
      clock: new TraceClock(),
      finished: (span) => this.#processor.onEnd(span),
    };
  }

  begin(name: string, traceparent: string, isSampled: boolean | null): RequestTrace | null {
    if (!(isSampled ?? addon().wantsTrace(traceparent))) return null;
    return new RequestSpan(this.#maker, name, parentOf(traceparent));
  }

  addSource(take: () => readonly RecordedRequest[]): void {
    this.#sources.push(take);
    this.#timer ??= setInterval(() => this.#takeAll(), SOURCES_MILLIS).unref();
  }

  #takeAll(): void {
    this.#maker.clock.now(); // which follows the system's clock
    for (const take of this.#sources) {
      for (const request of take()) spansOf(this.#maker, parentOf(request.traceparent), request);
    }
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#takeAll();
    const patience = new Promise<void>((resolve) => {
      setTimeout(resolve, PATIENCE_MILLIS).unref();
    });
    await Promise.race([this.#processor.shutdown().catch(() => undefined), patience]);
  }
}

/** The client's span; none where the header is none, as the addon reads it. */
function parentOf(traceparent: string): SpanContext | undefined {
  if (!addon().isTraceparent(traceparent)) return undefined;
  const [, traceId = '', spanId = ''] = traceparent.split('-');
  return { traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true };
}

async function exporterOf({ endpoint, protocol }: TracerOptions): Promise<SpanExporter> {
  if (protocol === 'grpc') {
    const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-grpc');
    return new OTLPTraceExporter({ url: endpoint });
  }
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto');
  return new OTLPTraceExporter({ url: endpoint.replace(/\/+$/, '') + TRACES_PATH });
}

/** Says when spans begin to be lost, and not again until some have arrived: they go out every few seconds. */
function toldOnce(exporter: SpanExporter, endpoint: string, log: Log): SpanExporter {
  let hasFailed = false;
  return {
    export: (spans, done) => {
      exporter.export(spans, (result) => {
        const failed = (result.code as number) !== EXPORT_OK;
        if (failed && !hasFailed) {
          const why = result.error?.message ?? 'unknown';
          log.error(`--otlp_endpoint=${endpoint}: spans are lost: ${why}`);
        }
        hasFailed = failed;
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
  };
}

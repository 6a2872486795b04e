/** What the flags say of tracing. */
import type { Flags } from '../config/flag-table.js';
import type { Log } from '../log/log.js';
import { addon } from '../native/addon.js';
import type { Tracer, TracerOptions } from './tracer.js';

/** Null: nothing is traced, and OpenTelemetry is not loaded. */
export async function startTracer(flags: Flags, log: Log): Promise<Tracer | null> {
  if (flags.otlp_endpoint === '') return null;
  const { OpenTelemetryTracer } = await import('./open-telemetry.js');
  const tracer = await OpenTelemetryTracer.start(
    {
      endpoint: flags.otlp_endpoint,
      protocol: flags.otlp_protocol as TracerOptions['protocol'],
    },
    log,
  );
  addon().configureTracing(flags.trace_sampling_ratio, flags.trace_follow_parent);
  return tracer;
}

/**
 * A profile as the command shows it: where the time of runs went, and the same events as a Chrome trace,
 * which Perfetto and chrome://tracing open. Pure.
 */
export interface TraceEvent {
  readonly name: string;
  /** Since the profile's start. */
  readonly startMicros: number;
  readonly micros: number;
}

/** Events that follow each other or lie within each other, by their start, what contains others first. */
export interface TraceLine {
  readonly id: number;
  readonly name: string;
  readonly events: readonly TraceEvent[];
}

export interface OpTime {
  /** "node:OpType"; a run has none of the two. */
  readonly name: string;
  readonly count: number;
  readonly micros: number;
  /** Without what lay within, which of a run are its ops. */
  readonly selfMicros: number;
}

/** The event of a whole run; its self time is what TensorFlow takes beside the ops. */
const RUN_PREFIX = 'SessionRun ';

export const isRun = ({ name }: { readonly name: string }): boolean => name.startsWith(RUN_PREFIX);

/** The longest self time first. */
export function opTimes(lines: readonly TraceLine[]): OpTime[] {
  const times = new Map<string, { count: number; micros: number; selfMicros: number }>();
  for (const { events } of lines) {
    const open: { endMicros: number; time: { selfMicros: number } }[] = [];
    for (const { name, startMicros, micros } of events) {
      while ((open.at(-1)?.endMicros ?? Infinity) <= startMicros) open.pop();
      const outer = open.at(-1);
      if (outer !== undefined) outer.time.selfMicros -= micros;
      const time = times.get(name) ?? { count: 0, micros: 0, selfMicros: 0 };
      times.set(name, time);
      time.count += 1;
      time.micros += micros;
      time.selfMicros += micros;
      open.push({ endMicros: startMicros + micros, time });
    }
  }
  return [...times]
    .map(([name, time]) => ({ name, ...time }))
    .sort((a, b) => b.selfMicros - a.selfMicros || (a.name < b.name ? -1 : 1));
}

/** JSON in pieces: a trace may have a million events. */
export function* chromeTrace(process: string, lines: readonly TraceLine[]): Generator<string> {
  const metadata = (name: string, tid: number, value: string): string =>
    JSON.stringify({ ph: 'M', pid: 1, tid, name, args: { name: value } });
  yield `{"displayTimeUnit":"ns","traceEvents":[\n${metadata('process_name', 0, process)}`;
  for (const { id, name, events } of lines) {
    yield `,\n${metadata('thread_name', id, name)}`;
    for (const { name: event, startMicros: ts, micros: dur } of events) {
      yield `,\n${JSON.stringify({ ph: 'X', pid: 1, tid: id, name: event, ts, dur })}`;
    }
  }
  yield '\n]}\n';
}

/**
 * RunBatches: requests of one version that share runs. What comes while a run is under way, or within one turn of the
 * loop, is run together; nothing waits for more to come. In a plugin thread.
 */
import type { OutputTensor, Tensor } from './plugin.js';
import { joined, rowsOf } from './rows.js';

export interface PluginRun {
  /** Of the main thread. */
  readonly call: number;
  readonly signature: string;
  /** As the signature declares them. */
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly outputs: readonly string[];
  readonly signal: AbortSignal;
}

/** The outputs that are asked for, in their order, as the signature declares them; null: it was aborted. */
export type RunOutputs = readonly OutputTensor[] | null;

export interface RunBatchesOptions {
  /** Of a run for several requests. */
  readonly maxRows: number;
  /** Runs it; begins at once. @throws what the plugin throws */
  readonly run: (run: PluginRun) => Promise<RunOutputs>;
  /** The thread is in a run of that call; 0: in none. */
  readonly enter: (call: number) => void;
  /** Says what is wrong with an output whose rows are not those of the inputs. */
  readonly refuse: (run: PluginRun, output: string, rows: number, given: OutputTensor) => never;
}

/** So long a run under way holds up the next one. */
const PATIENCE_MILLIS = 1_000;

interface Waiting {
  readonly run: PluginRun;
  readonly rows: number;
  /** Those with one key may run together. */
  readonly key: string;
  readonly resolve: (outputs: RunOutputs) => void;
  readonly reject: (error: unknown) => void;
}

export class RunBatches {
  readonly #options: RunBatchesOptions;
  #waiting: Waiting[] = [];
  #isDue = false;
  /** The run that is under way. */
  #current: object | null = null;

  constructor(options: RunBatchesOptions) {
    this.#options = options;
  }

  /** @throws what the plugin throws */
  run(run: PluginRun): Promise<RunOutputs> {
    const tensors = Object.entries(run.inputs);
    const rows = tensors[0]?.[1].shape[0] ?? 0;
    const isEven = tensors.every(([, { shape }]) => shape[0] === rows);
    const shapes = tensors.map(([name, { shape }]) => [name, shape.slice(1)]);
    const key = JSON.stringify([run.signature, run.outputs, shapes]);
    if (!isEven || rows === 0) return this.#options.run(run);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ run, rows, key, resolve, reject });
      this.#flushSoon();
    });
  }

  #flushSoon(): void {
    if (this.#isDue || this.#current !== null || this.#waiting.length === 0) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      if (this.#current === null) void this.#flush();
    });
  }

  /** The first one that waits, and those that may run with it. */
  #take(): Waiting[] {
    const batch: Waiting[] = [];
    const left: Waiting[] = [];
    let rows = 0;
    for (const each of this.#waiting) {
      const fits = rows + each.rows <= this.#options.maxRows && each.key === (batch[0] ?? each).key;
      if (each.run.signal.aborted) each.resolve(null);
      else if (batch.length === 0 || fits) {
        batch.push(each);
        rows += each.rows;
      } else left.push(each);
    }
    this.#waiting = left;
    return batch;
  }

  async #flush(): Promise<void> {
    const batch = this.#take();
    if (batch.length === 0) return;
    const token = {};
    this.#current = token;
    const ended = (): void => {
      clearTimeout(timer);
      if (this.#current !== token) return;
      this.#current = null;
      this.#flushSoon();
    };
    const timer = setTimeout(ended, PATIENCE_MILLIS);
    const controller = new AbortController();
    let left = batch.length;
    const onAbort = (): void => {
      if (--left > 0) return;
      controller.abort();
      ended(); // nobody waits for it: the others go on
    };
    for (const { run } of batch) run.signal.addEventListener('abort', onAbort, { once: true });
    await this.#runTogether(batch, controller.signal);
    for (const { run } of batch) run.signal.removeEventListener('abort', onAbort);
    ended();
  }

  async #runTogether(batch: readonly Waiting[], signal: AbortSignal): Promise<void> {
    const { enter, run } = this.#options;
    const [first] = batch as readonly [Waiting];
    const whole =
      batch.length === 1 ? first.run : { ...first.run, inputs: inputsOf(batch), signal };
    let outputs: RunOutputs;
    try {
      enter(whole.call);
      const running = run(whole);
      enter(0);
      outputs = await running;
    } catch (thrown) {
      if (batch.length === 1) first.reject(thrown);
      // So that only the one at fault fails.
      else {
        for (const each of batch) {
          if (each.run.signal.aborted) each.resolve(null);
          else await this.#runTogether([each], each.run.signal);
        }
      }
      return;
    }
    try {
      this.#divide(batch, outputs);
    } catch (thrown) {
      for (const each of batch) each.reject(thrown);
    }
  }

  #divide(batch: readonly Waiting[], outputs: RunOutputs): void {
    const [{ run }] = batch as readonly [Waiting];
    const rows = batch.reduce((sum, each) => sum + each.rows, 0);
    outputs?.forEach((output, i) => {
      if (output.shape[0] !== rows) this.#options.refuse(run, run.outputs[i] ?? '', rows, output);
    });
    let begin = 0;
    for (const each of batch) {
      const from = begin;
      begin += each.rows;
      const isWhole = batch.length === 1 || outputs === null;
      each.resolve(isWhole ? outputs : outputs.map((output) => rowsOf(output, from, each.rows)));
    }
  }
}

function inputsOf(batch: readonly Waiting[]): Readonly<Record<string, Tensor>> {
  const [first] = batch as readonly [Waiting];
  const names = Object.keys(first.run.inputs);
  const inputs = Object.create(null) as Record<string, Tensor>;
  for (const name of names)
    inputs[name] = joined(batch.map(({ run }) => run.inputs[name] as Tensor));
  return inputs;
}

/**
 * HookRuns: the requests that hooks of a plugin thread are at, and the runs of their models that they ask for. A
 * model runs here, on the main thread, as for any request: batched, and with what is left of the deadline.
 */
import type { InferenceModel } from '../native/inference-model.js';
import type { RunTrace } from '../native/run-trace.js';
import { dropTensors, type TensorSet } from '../native/tensor-sets.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import { spanFailure } from '../status/span-failure.js';
import type { Infer } from './messages.js';
import type { PluginWorker } from './plugin-worker.js';

const NOTHING = { code: StatusCode.INTERNAL, message: 'nothing was put out' };

interface HookRun {
  readonly model: InferenceModel;
  readonly trace: RunTrace | null;
  /** On their way to the thread, which takes them over unless it has ended. */
  readonly results: TensorSet[];
}

export class HookRuns {
  readonly #worker: Pick<PluginWorker, 'calls' | 'post'>;
  /** By the number of the call. */
  readonly #runs = new Map<number, HookRun>();

  constructor(worker: Pick<PluginWorker, 'calls' | 'post'>) {
    this.#worker = worker;
  }

  /** `model` is pinned until `ended`. */
  began(call: number, model: InferenceModel, trace: RunTrace | null): void {
    this.#runs.set(call, { model, trace, results: [] });
  }

  ended(call: number): void {
    for (const set of this.#runs.get(call)?.results ?? []) dropTensors(set);
    this.#runs.delete(call);
  }

  infer({ call, infer, inputs, names, signature, outputs }: Infer): void {
    const { calls } = this.#worker;
    const run = this.#runs.get(call);
    if (run === undefined) return; // the thread knows
    const trace = run.trace?.step('infer') ?? null;
    const done = (error: ServingError | null, set: TensorSet | null): void => {
      trace?.end(spanFailure(error));
      if (this.#runs.get(call) !== run) {
        if (set !== null) dropTensors(set); // too late; and another thread may be there by now
        return;
      }
      if (set !== null) run.results.push(set);
      const { code, message } = error ?? NOTHING;
      this.#worker.post({
        ...{ kind: 'inferred', infer },
        result: set ?? { code, message, stack: null },
      });
    };
    try {
      const picks = names.map((name) => ({ set: inputs, name, as: name }));
      const request = { signature, inputs: picks, outputs };
      const isGone = (): boolean => !calls.isOpen(call);
      const context = { isGone, trace, cacheControl: '' };
      run.model.inferTensors(request, calls.millisLeft(call), done, context);
    } catch (thrown) {
      done(ServingError.from(thrown), null);
    }
  }
}

/**
 * PipelineRun: one request of a pipeline. Each step starts when all that it takes from has ended or was skipped, so
 * independent steps run at once. Tensors stay in the addon; here they are numbers of sets, of which each is dropped
 * when nobody needs it any more. THREAD: that of the request.
 */
import type { ServableHandle } from '../core/harness.js';
import type { Done } from '../native/calls.js';
import type { DeclaredRun } from '../native/declared-model.js';
import type { InferenceModel } from '../native/inference-model.js';
import type { StepTrace } from '../native/run-trace.js';
import {
  dropTensors,
  pickTensors,
  readTensors,
  type TensorPick,
  type TensorSet,
} from '../native/tensor-sets.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import { spanFailure } from '../status/span-failure.js';
import {
  sourcesOf,
  sourcesOfChoice,
  type Choice,
  type Condition,
  type PipelineDefinition,
  type Source,
  type Step,
} from './pipeline-definition.js';

type Handle = ServableHandle<InferenceModel>;

/** Of DT_BOOL in types.proto. */
const BOOL = 10;

/** What this request wants of a step. */
interface StepRun {
  readonly step: Step;
  readonly handle: Handle;
  /** Steps that take from it. */
  readonly takers: number[];
  /** Steps it takes from that have not ended. */
  awaited: number;
  /** Who has yet to take what it puts out: steps, and the answer. */
  users: number;
  state: 'waiting' | 'running' | 'ended';
  /** Null: not there yet, skipped, or not needed any more. */
  set: TensorSet | null;
}

export class PipelineRun {
  readonly #request: DeclaredRun;
  readonly #done: Done<TensorSet>;
  readonly #now: () => number;
  /** By `now`. */
  readonly #deadline: number;
  /** Null: the request does not need the step. */
  readonly #runs: (StepRun | null)[];
  readonly #answers: PipelineDefinition['outputs'];
  /** Steps that have not ended. */
  #left = 0;
  #hasEnded = false;

  /** OWNERSHIP: takes over the handles, one for each step; each is released when its step has ended. `now`: milliseconds. */
  constructor(
    definition: PipelineDefinition,
    handles: readonly Handle[],
    request: DeclaredRun,
    done: Done<TensorSet>,
    now: () => number,
  ) {
    const { steps, outputs } = definition;
    const { timeoutMillis, outputs: asked } = request;
    this.#request = request;
    this.#done = done;
    this.#now = now;
    this.#deadline = timeoutMillis === 0 ? Infinity : now() + timeoutMillis;
    const names = new Set(asked);
    this.#answers = names.size === 0 ? outputs : outputs.filter(({ name }) => names.has(name));
    const needed = neededSteps(steps, this.#answers);
    this.#runs = steps.map((step, index) => {
      const handle = handles[index] as Handle;
      if (needed.has(index)) {
        return { step, handle, takers: [], awaited: 0, users: 0, state: 'waiting', set: null };
      }
      handle.release();
      return null;
    });
    this.#link();
  }

  start(): void {
    const runs = this.#runs.filter((run) => run !== null);
    this.#left = runs.length;
    for (const run of runs.filter(({ awaited }) => awaited === 0)) this.#begin(run);
    if (runs.length === 0) this.#answer();
  }

  #link(): void {
    this.#runs.forEach((run, index) => {
      if (run === null) return;
      for (const source of stepsAmong(sourcesOf(run.step))) {
        const behind = this.#runs[source];
        if (behind === null || behind === undefined) continue;
        behind.takers.push(index);
        ++behind.users;
        ++run.awaited;
      }
    });
    for (const source of stepsAmong(this.#answers.flatMap(sourcesOfChoice))) {
      const behind = this.#runs[source];
      if (behind !== null && behind !== undefined) ++behind.users;
    }
  }

  #begin(run: StepRun): void {
    const { step, handle } = run;
    if (run.state !== 'waiting') return; // another one has failed meanwhile
    run.state = 'running';
    let picks: TensorPick[] | null;
    let timeoutMillis = 0;
    try {
      picks = this.#isWanted(step.condition) ? this.#picksOf(step.inputs, ({ to }) => to) : null;
      if (picks !== null) timeoutMillis = this.#timeLeft();
    } catch (thrown) {
      this.#end(run, ServingError.from(thrown), null);
      return;
    }
    if (picks === null) {
      this.#end(run, null, null);
      return;
    }
    const { isGone, trace } = this.#request;
    const stepTrace: StepTrace | null = trace?.step(step.name) ?? null;
    const done: Done<TensorSet> = (error, set) => {
      stepTrace?.end(spanFailure(error));
      this.#end(run, error, set);
    };
    const { signature, fetches: outputs } = step;
    try {
      const wanted = { signature, inputs: picks, outputs };
      const context = { isGone, trace: stepTrace, cacheControl: '' };
      handle.servable.inferTensors(wanted, timeoutMillis, done, context);
    } catch (thrown) {
      done(ServingError.from(thrown), null);
    }
    this.#release(step);
  }

  /** `set` null without an error: it was skipped. */
  #end(run: StepRun, error: ServingError | null, set: TensorSet | null): void {
    run.state = 'ended';
    run.handle.release();
    --this.#left;
    if (this.#hasEnded || error !== null) {
      if (set !== null) dropTensors(set);
      if (error !== null) this.#fail(errorOfStep(run.step, error));
      return;
    }
    if (set === null) this.#release(run.step); // it takes nothing any more
    run.set = set;
    if (run.users === 0) this.#drop(run);
    const ready = run.takers.flatMap((index) => this.#runs[index] ?? []);
    for (const taker of ready) if (--taker.awaited === 0) this.#begin(taker);
    if (this.#left === 0 && !this.#hasEnded) this.#answer();
  }

  /** The sets that the step took from may be dropped, as far as it is concerned. */
  #release(step: Step): void {
    for (const source of stepsAmong(sourcesOf(step))) {
      const behind = this.#runs[source];
      if (behind === null || behind === undefined) continue;
      if (--behind.users === 0) this.#drop(behind);
    }
  }

  #drop(run: StepRun): void {
    if (run.set !== null) dropTensors(run.set);
    run.set = null;
  }

  /** Steps that run go on; what they put out is dropped when it comes. */
  #fail(error: ServingError): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    for (const run of this.#runs) {
      if (run === null) continue;
      this.#drop(run);
      if (run.state !== 'waiting') continue;
      run.state = 'ended';
      run.handle.release();
    }
    this.#done(error, null);
  }

  #answer(): void {
    let set: TensorSet;
    try {
      const picks = this.#picksOf(this.#answers, ({ name }) => name);
      if (picks === null) throw new Error('an output was put out by nobody');
      set = pickTensors(picks);
    } catch (thrown) {
      this.#fail(ServingError.from(thrown));
      return;
    }
    this.#hasEnded = true;
    for (const run of this.#runs) if (run !== null) this.#drop(run);
    this.#done(null, set);
  }

  /** Null: a source was skipped. */
  #picksOf<T extends Choice>(
    choices: readonly T[],
    as: (choice: T) => string,
  ): TensorPick[] | null {
    const picks: TensorPick[] = [];
    for (const choice of choices) {
      const { from, otherwise } = choice;
      const pick = this.#pick(from, as(choice)) ?? (otherwise && this.#pick(otherwise, as(choice)));
      if (pick === null) return null;
      picks.push(pick);
    }
    return picks;
  }

  #pick({ step, name }: Source, as: string): TensorPick | null {
    const set = step === null ? this.#request.inputs : (this.#runs[step]?.set ?? null);
    return set === null ? null : { set, name, as };
  }

  /** False, too, where the condition's own step was skipped. @throws ServingError */
  #isWanted(condition: Condition | null): boolean {
    if (condition === null) return true;
    const { source, wanted } = condition;
    const pick = this.#pick(source, source.name);
    return pick !== null && readBool(pick, source.text) === wanted;
  }

  /** 0 is no limit. @throws ServingError */
  #timeLeft(): number {
    if (this.#request.isGone()) {
      throw new ServingError(StatusCode.CANCELLED, 'the client has gone before it began');
    }
    if (this.#deadline === Infinity) return 0;
    const left = this.#deadline - this.#now();
    if (left > 0) return Math.ceil(left);
    throw new ServingError(StatusCode.DEADLINE_EXCEEDED, 'the deadline was over before it began');
  }
}

/** The error keeps its code; message and violations say which step it is of. */
export function errorOfStep({ name }: Pick<Step, 'name'>, error: ServingError): ServingError {
  const { code, message, violations, retryAfterMillis } = error;
  return new ServingError(
    code,
    `step "${name}": ${message}`,
    violations.map(({ field, description }) => ({
      field: `step["${name}"]${field === '' ? '' : `.${field}`}`,
      description,
    })),
    retryAfterMillis === null ? {} : { retryAfterMillis },
  );
}

function stepsAmong(sources: readonly Source[]): Set<number> {
  return new Set(sources.flatMap(({ step }) => step ?? []));
}

/** The steps are in order: those that one takes from are before it. */
function neededSteps(steps: readonly Step[], answers: PipelineDefinition['outputs']): Set<number> {
  const needed = stepsAmong(answers.flatMap(sourcesOfChoice));
  for (let index = steps.length - 1; index >= 0; --index) {
    const step = steps[index];
    if (step === undefined || !needed.has(index)) continue;
    for (const source of stepsAmong(sourcesOf(step))) needed.add(source);
  }
  return needed;
}

/** The one element that is looked at here: it decides, and goes nowhere. */
function readBool(pick: TensorPick, text: string): boolean {
  const set = pickTensors([pick]);
  try {
    const [tensor] = readTensors(set);
    const { dtype, shape = [], data } = tensor ?? {};
    const bytes = data instanceof ArrayBuffer ? new Uint8Array(data) : null;
    if (dtype === BOOL && shape.length === 0 && bytes !== null) return bytes[0] !== 0;
    throw new ServingError(
      StatusCode.INVALID_ARGUMENT,
      `the condition "${text}" must be a scalar DT_BOOL, got one of shape [${shape.join(',')}]`,
    );
  } finally {
    dropTensors(set);
  }
}

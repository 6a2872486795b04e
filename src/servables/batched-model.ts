/**
 * BatchedModel: a loaded version whose requests share runs: each is decoded to a task, waits in the
 * queue of what it feeds and fetches, and is answered by the batch that takes it.
 */
import type {
  Batch,
  BatchHandler,
  BatchingParameters,
  BatchOutcome,
  BatchPart,
  BatchTask,
  ScheduledQueue,
} from '../batching/index.js';
import { dropTask, runBatch, type Task } from '../native/batch.js';
import {
  BatchOutcome as NativeOutcome,
  NoRows,
  type NativeBatchReport,
} from '../native/binding.js';
import type { Done } from '../native/calls.js';
import { NO_CONTEXT, type InferenceModel, type RunContext } from '../native/inference-model.js';
import type { RunTrace } from '../native/run-trace.js';
import type { SavedModel } from '../native/saved-model.js';
import type { TensorRequest, TensorSet } from '../native/tensor-sets.js';
import { Method } from '../native/values.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import { BatchingAdmission } from './batching-admission.js';
import type { BatchingSettings } from './model-batching.js';
import { concurrencyThatGains } from './queueing-gain.js';

/** Tensor signatures with a queue of their own; what else a client feeds or fetches runs alone. */
const MAX_QUEUES = 256;

/** Upstream's words for what has no rows to batch. */
const REFUSALS: ReadonlyMap<number, string> = new Map([
  [NoRows.noInputs, 'Batching Run() must have at least one input tensor'],
  [NoRows.scalarInput, 'Batching Run() input tensors must have at least one dimension'],
  [NoRows.unequalRows, 'Batching Run() input tensors must have equal 0th-dimension size'],
]);

const RESULTS = {
  [NativeOutcome.ran]: 'ran',
  [NativeOutcome.retried]: 'failed',
  [NativeOutcome.unmergeable]: 'unmergeable',
} as const;

const isLast = ({ task, begin, rows }: BatchPart<unknown>): boolean => begin + rows === task.rows;

interface Pending {
  readonly task: Task;
  readonly done: Done<never>;
  readonly trace: RunTrace | null;
}

export class BatchedModel implements InferenceModel, BatchHandler<Pending> {
  readonly model: SavedModel;
  readonly #settings: BatchingSettings;
  readonly #queues = new Map<number, ScheduledQueue<Pending>>();
  readonly #admission: BatchingAdmission;

  constructor(model: SavedModel, settings: BatchingSettings) {
    this.model = model;
    this.#settings = settings;
    const { threads } = settings.scheduler;
    this.#admission = new BatchingAdmission(
      threads,
      concurrencyThatGains(model.rows ?? [], threads),
    );
    this.#limitDirect();
  }

  get parameters(): BatchingParameters {
    return this.#settings.parameters;
  }

  get signatureDefMap(): Uint8Array {
    return this.model.signatureDefMap;
  }

  get directId(): number | undefined {
    return this.#mayPad ? undefined : this.model.directId;
  }

  inferProto(
    method: Method,
    body: Uint8Array,
    timeoutMillis: number,
    asTensorContent: boolean,
    done: Done<Uint8Array>,
    context: RunContext = NO_CONTEXT,
  ): void {
    const direct = method === Method.sessionRun ? done : this.#direct(done);
    if (direct !== null) {
      this.model.inferProto(method, body, timeoutMillis, asTensorContent, direct, context);
      return;
    }
    const deadline = this.#deadlineOf(timeoutMillis);
    const onTask = (task: Task): void => this.#enqueue(task, done, deadline, context);
    this.model.prepareProto(method, body, asTensorContent, done, onTask, context);
  }

  inferJson(
    method: Method,
    body: Uint8Array | ArrayBuffer,
    timeoutMillis: number,
    done: Done<string | Uint8Array>,
    context: RunContext = NO_CONTEXT,
  ): void {
    const direct = this.#direct(done);
    if (direct !== null) {
      this.model.inferJson(method, body, timeoutMillis, direct, context);
      return;
    }
    const deadline = this.#deadlineOf(timeoutMillis);
    const onTask = (task: Task): void => this.#enqueue(task, done, deadline, context);
    this.model.prepareJson(method, body, done, onTask, context);
  }

  inferTensors(
    request: TensorRequest,
    timeoutMillis: number,
    done: Done<TensorSet>,
    context: RunContext = NO_CONTEXT,
  ): void {
    const direct = this.#direct(done);
    if (direct !== null) {
      this.model.inferTensors(request, timeoutMillis, direct, context);
      return;
    }
    const deadline = this.#deadlineOf(timeoutMillis);
    const onTask = (task: Task): void => this.#enqueue(task, done, deadline, context);
    this.model.prepareTensors(request, done, onTask, context);
  }

  /** Alone: nobody waits for it. */
  inferShadow(...call: Parameters<InferenceModel['inferShadow']>): void {
    this.model.inferShadow(...call);
  }

  unload(): Promise<void> {
    return this.model.unload();
  }

  run(batch: Batch<Pending>, done: (outcome: BatchOutcome) => void): void {
    const { scheduler, padVariableLength, strict } = this.#settings;
    const { parts, paddedRows } = batch;
    this.#admission.batchFormed(parts.length);
    const isSplit = parts.some((part) => part.rows !== part.task.rows);
    let deadline = 0;
    for (const { task } of parts) deadline = Math.max(deadline, task.deadline);
    const options = {
      padTo: paddedRows,
      padVariableLength,
      timeoutMillis: deadline === Infinity ? 0 : Math.max(1, Math.ceil(deadline - scheduler.now())),
      strict,
    };
    runBatch(
      parts.map((part) => part.task.item.task),
      isSplit ? parts.map((part) => ({ begin: part.begin, count: part.rows })) : null,
      options,
      (_error, report) => {
        if (report !== null) tellTraces(parts, report);
        this.#ended(parts.filter(isLast).length);
        if (report === null) done({ millis: 0, result: 'failed' });
        else done({ millis: report[0] / 1e6, result: RESULTS[report[3]] });
      },
    );
  }

  drop({ item }: BatchTask<Pending>, error: ServingError): void {
    this.#ended(1);
    dropTask(item.task, error.code);
    item.done(error, null);
  }

  #ended(tasks: number): void {
    this.#admission.tasksWent(tasks);
    this.#limitDirect();
  }

  /** What gains by batching comes here, unless there is none. */
  #limitDirect(): void {
    const { limits } = this.#admission;
    if (limits !== null) this.model.limitDirect(limits);
  }

  /** Null where the request is to be a task; else the one to call when it is done. */
  #direct<T>(done: Done<T>): Done<T> | null {
    const { scheduler } = this.#settings;
    if (this.#mayPad || !this.#admission.admit() || !scheduler.tryBegin()) return null;
    this.#admission.directBegan();
    return (error, reply) => {
      this.#admission.directEnded();
      scheduler.end();
      done(error, reply);
    };
  }

  /** Whether even a request that has a run for itself must come here. */
  get #mayPad(): boolean {
    return this.#settings.mayPad(this.model.plan.plan);
  }

  #deadlineOf(timeoutMillis: number): number {
    return timeoutMillis === 0 ? Infinity : this.#settings.scheduler.now() + timeoutMillis;
  }

  #enqueue(
    task: Task,
    done: Pending['done'],
    deadline: number,
    { isGone, trace }: RunContext,
  ): void {
    const { padVariableLength, strict } = this.#settings;
    const limits = this.#admission.limits;
    this.#admission.taskCame();
    if (limits !== this.#admission.limits) this.#limitDirect();
    const { rows } = task;
    const shape = padVariableLength ? task.rankKey : task.shapeKey;
    const item = { task, done, trace };
    const batchTask: BatchTask<Pending> = { item, rows, shape, deadline, isGone };
    try {
      const refusal = strict ? REFUSALS.get(rows) : undefined;
      if (refusal !== undefined) throw new ServingError(StatusCode.INVALID_ARGUMENT, refusal);
      // Without rows a run may fail that does not fail in a batch.
      const isShared = strict ? rows >= 0 : rows > 0;
      const queue = isShared ? this.#queueOf(task) : null;
      if (queue === null) this.#runAlone(batchTask);
      else queue.enqueue(batchTask);
    } catch (error) {
      this.drop(batchTask, ServingError.from(error));
    }
  }

  #runAlone(task: BatchTask<Pending>): void {
    const parts = [{ task, begin: 0, rows: task.rows }];
    this.run({ parts, rows: 0, paddedRows: 0, expectedMillis: 0 }, () => undefined);
  }

  #queueOf({ queueKey, signature }: Task): ScheduledQueue<Pending> | null {
    const known = this.#queues.get(queueKey);
    if (known !== undefined) return known;
    if (this.#queues.size >= MAX_QUEUES) return null;
    const { scheduler, weight } = this.#settings;
    const name = this.model.signatures[signature] ?? '';
    const queue = scheduler.add(
      this.#settings.newQueue<Pending>(name, this.model.plan.plan),
      this,
      weight,
    );
    this.#queues.set(queueKey, queue);
    return queue;
  }
}

/** REQUIRES: before the answers of the tasks. */
function tellTraces(parts: readonly BatchPart<Pending>[], report: NativeBatchReport): void {
  if (parts.length < 2) return;
  const traces: RunTrace[] = [];
  for (const { task } of parts) if (task.item.trace !== null) traces.push(task.item.trace);
  traces[0]?.ranTogether(traces, report, parts.length);
}

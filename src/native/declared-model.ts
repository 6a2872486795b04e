/**
 * DeclaredModel: a version whose requests are read and answered by the addon like any other's, and run by somebody
 * else: by a plugin, by a pipeline. It has signatures in the addon's registry, and no more there.
 */
import { ServingError, StatusCode } from '../status/serving-error.js';
import { addon } from './addon.js';
import { dropTask, prepareJson, prepareProto, prepareShadow, type Task } from './batch.js';
import type { NativeShadowResult } from './shadows.js';
import { call, resume, settled, violationsOf, type Done } from './calls.js';
import {
  NO_CONTEXT,
  type InferenceModel,
  type IsGone,
  type PrimaryAnswer,
  type RunContext,
  type ShadowCall,
} from './inference-model.js';
import type { RunTrace } from './run-trace.js';
import { dropTensors, pickTensors, type TensorRequest, type TensorSet } from './tensor-sets.js';
import { Method } from './values.js';

/** One request, in tensors. OWNERSHIP: the set is the request's; it is dropped when `done` was called. */
export interface DeclaredRun {
  readonly inputs: TensorSet;
  readonly signature: string;
  /** Aliases, at least one; the set that is put out must have them. */
  readonly outputs: readonly string[];
  /** From now on; 0 is none. */
  readonly timeoutMillis: number;
  readonly isGone: IsGone;
  readonly trace: RunTrace | null;
}

/** Calls `done` once, with a set that is the caller's from then on. Must not throw. */
export type RunDeclared = (run: DeclaredRun, done: Done<TensorSet>) => void;

/** A version in the addon's process-wide registry; plain data. */
export interface Declared {
  readonly id: number;
  /** Their names, sorted. */
  readonly signatures: readonly string[];
  readonly signatureDefMap: Uint8Array;
}

/** What other threads of the process make their RunDeclared of; plain data, of which `platform` knows the kind. */
export interface Recipe {
  readonly platform: string;
  readonly data: unknown;
}

/**
 * Until it is unloaded by the thread that has declared it. `signatureDefMap`: a serialized
 * tensorflow.serving.SignatureDefMap.
 * @throws ServingError where it is none
 */
export function declareModel(name: string, version: bigint, signatureDefMap: Uint8Array): Declared {
  const declared = addon().declareServable(name, version, signatureDefMap);
  if ('id' in declared) return { ...declared, signatureDefMap };
  const [code, message, violations] = declared;
  throw new ServingError(code, message, violationsOf(violations));
}

/** Nobody waits for a shadow's answer, and it should not keep what it holds for ever. */
const SHADOW_MILLIS = 60_000;

export class DeclaredModel implements InferenceModel {
  readonly declared: Declared;
  /** Null: other threads have this one run it. */
  readonly recipe: Recipe | null;
  readonly #run: RunDeclared;

  constructor(declared: Declared, run: RunDeclared, recipe: Recipe | null = null) {
    this.declared = declared;
    this.recipe = recipe;
    this.#run = run;
  }

  get signatureDefMap(): Uint8Array {
    return this.declared.signatureDefMap;
  }

  /** Their names, sorted. */
  get signatures(): readonly string[] {
    return this.declared.signatures;
  }

  inferProto(
    method: Method,
    body: Uint8Array,
    timeoutMillis: number,
    asTensorContent: boolean,
    done: Done<Uint8Array>,
    context: RunContext = NO_CONTEXT,
  ): void {
    if (refuses(method, done)) return;
    const onTask = (task: Task): void => this.#answer(task, timeoutMillis, done, context);
    prepareProto(this.declared.id, method, body, asTensorContent, done, onTask, context);
  }

  inferJson(
    method: Method,
    body: Uint8Array | ArrayBuffer,
    timeoutMillis: number,
    done: Done<string | Uint8Array>,
    context: RunContext = NO_CONTEXT,
  ): void {
    if (refuses(method, done)) return;
    const onTask = (task: Task): void => this.#answer(task, timeoutMillis, done, context);
    prepareJson(this.declared.id, method, body, done, onTask, context);
  }

  /** As RunDeclared, for another thread, whose the inputs stay. */
  runFor(run: DeclaredRun, done: Done<TensorSet>): void {
    this.#run(run, done);
  }

  inferTensors(
    { signature, inputs, outputs }: TensorRequest,
    timeoutMillis: number,
    done: Done<TensorSet>,
    { isGone, trace }: RunContext = NO_CONTEXT,
  ): void {
    const set = pickTensors(inputs);
    const run = { inputs: set, signature, outputs, timeoutMillis, isGone, trace };
    this.#run(run, (error, result) => {
      dropTensors(set);
      done(error, result);
    });
  }

  /** As any request, of which nothing is counted and nothing logged; the answers are compared in the addon. */
  inferShadow(
    shadowed: ShadowCall,
    { code, reply }: PrimaryAnswer,
    tolerance: number,
    done: Done<NativeShadowResult>,
  ): void {
    const { method, isJson } = shadowed;
    const answered: Done<string | Uint8Array> = (error, shadow) => {
      const failure = error === null ? null : ([error.code, error.message] as const);
      call(done, (slot) => {
        addon().compareAnswers(slot, method, isJson, code, reply, failure, shadow, tolerance);
      });
    };
    if (refuses(method, answered)) return;
    const onTask = (task: Task): void => {
      this.#answer(task, SHADOW_MILLIS, answered, NO_CONTEXT);
    };
    prepareShadow(this.declared.id, shadowed, answered, onTask);
  }

  unload(): Promise<void> {
    return settled<void>((done) => {
      call(done, (slot) => addon().unload(slot, this.declared.id));
    });
  }

  #answer(
    task: Task,
    timeoutMillis: number,
    done: Done<never>,
    { isGone, trace }: RunContext,
  ): void {
    const taken = addon().taskTensors(task.id);
    if (!('set' in taken)) {
      fail(task, new ServingError(taken[0], taken[1], violationsOf(taken[2])), done);
      return;
    }
    const { set: inputs, signature, outputs } = taken;
    const began = process.hrtime.bigint();
    this.#run({ inputs, signature, outputs, timeoutMillis, isGone, trace }, (error, result) => {
      dropTensors(inputs);
      if (error !== null || result === null) {
        fail(task, error ?? new ServingError(StatusCode.INTERNAL, 'nothing was put out'), done);
        return;
      }
      const nanos = Number(process.hrtime.bigint() - began);
      resume(() => addon().finishTask(task.slot, task.id, result, nanos));
      dropTensors(result); // the job has its own hold on it
    });
  }
}

function fail(task: Task, error: ServingError, done: Done<never>): void {
  dropTask(task, error.code);
  done(error, null);
}

/** The others' requests are read by a graph of TensorFlow's. */
function refuses(method: Method, done: Done<never>): boolean {
  if (method === Method.predict) return false;
  const name = Object.entries(Method).find(([, number]) => number === method)?.[0] ?? '';
  const message = `${name} is not served by this servable: it has Predict alone`;
  done(new ServingError(StatusCode.UNIMPLEMENTED, message), null);
  return true;
}

/**
 * ExecutionPlans: how the loaded versions are executed: what a load is asked for, by flags, memory and
 * earlier trials, and what became of it. Owns what is told of the versions that are loaded.
 */
import type { Flags } from '../config/flag-table.js';
import { servableIdText, type ServableId } from '../core/servable.js';
import type { Log } from '../log/log.js';
import type { NativeKnownPlan, NativePlan, NativePlanOptions } from '../native/binding.js';
import type { Reservation } from './load-memory.js';
import { OpenVinoEngine } from './openvino-engine.js';
import { PlanCache } from './plan-cache.js';

/**
 * Until the plan is chosen there may be, beside the weights as they were saved, those of convolutions with
 * normalizations in them, and these rearranged: so many times the estimate of a load is needed besides.
 */
const FREEZING_TIMES = 2;
/** And where OpenVINO may run it, the graph as it has read it, and what it compiles before it is in a file. */
const ENGINE_TIMES = 3;

export interface VersionPlan {
  readonly version: bigint;
  readonly plan: NativePlan;
}

export class ExecutionPlans {
  readonly #options: Omit<NativePlanOptions, 'known' | 'openVino'>;
  readonly #openVino: OpenVinoEngine;
  readonly #cache: PlanCache | null;
  readonly #log: Log;
  readonly #plans = new Map<string, Map<bigint, NativePlan>>();

  /** `circumstances`: what a choice depends on besides model, flags and CPUs. */
  constructor(
    flags: Flags,
    { cpus, intraOpThreads }: { readonly cpus: number; readonly intraOpThreads: number },
    circumstances: () => readonly string[],
    openVino: () => Promise<string>,
    log: Log,
  ) {
    this.#log = log;
    this.#openVino = new OpenVinoEngine(flags, intraOpThreads, openVino, log);
    this.#options = {
      wanted: flags.plan as NativePlanOptions['wanted'],
      refusal: refusalOf(flags),
      synthetic: flags.synthetic_warmup,
      tryPool: cpus > 1,
      trialMillis: flags.plan_trial_ms,
      keepsNan: flags.plan_keeps_nan,
    };
    this.#cache =
      flags.plan_cache_dir === ''
        ? null
        : new PlanCache(
            flags.plan_cache_dir,
            () => [
              ...[flags.plan, flags.engine, flags.openvino_precision],
              ...[String(flags.plan_keeps_nan), String(cpus), ...circumstances()],
            ],
            log,
          );
  }

  /** Loads the version in `path` with what is known of its plan. `reservation`: its memory. */
  async load<M extends { readonly plan: NativePlan }>(
    id: ServableId,
    path: string,
    reservation: Reservation | undefined,
    load: (plan: NativePlanOptions) => Promise<M>,
  ): Promise<M> {
    let { refusal } = this.#options;
    const mayFreeze = refusal === '' && this.#options.wanted !== 'as-saved';
    if (mayFreeze && reservation !== undefined && !(await reservation.grow(FREEZING_TIMES))) {
      refusal = 'there is not the memory to freeze it';
    }
    const cache = mayFreeze && refusal === '' ? this.#cache : null;
    const file = await cache?.fileOf(path);
    const kept = file === undefined ? null : ((await cache?.read(file)) ?? null);
    const known = kept && { ...kept, from: "an earlier trial's choice", graph: '' };
    let openVino = mayFreeze && refusal === '' ? await this.#openVino.options() : null;
    if (openVino && reservation !== undefined && !(await reservation.grow(ENGINE_TIMES))) {
      this.#log.warn({ servable: servableIdText(id) }, 'there is not the memory to try OpenVINO');
      openVino = null;
    }
    const options = { ...this.#options, refusal, openVino };
    const model = await load({ ...options, known: known ?? this.#predecessor(id) });
    this.#add(id, model.plan);
    if (file !== undefined && model.plan.tried) await cache?.write(file, model.plan);
    return model;
  }

  /** Of the loaded versions of a model, highest first. */
  of(name: string): VersionPlan[] {
    return [...(this.#plans.get(name) ?? [])]
      .map(([version, plan]) => ({ version, plan }))
      .sort((a, b) => (a.version > b.version ? -1 : 1));
  }

  /** Of all loaded versions. */
  *all(): Iterable<VersionPlan & { readonly name: string }> {
    for (const name of this.#plans.keys()) {
      for (const each of this.of(name)) yield { name, ...each };
    }
  }

  /** What a version takes over that differs in nothing but its weights. */
  #predecessor({ name }: ServableId): NativeKnownPlan | null {
    const predecessor = this.of(name).find(({ plan }) => plan.graph !== '');
    if (predecessor === undefined) return null;
    const { version, plan } = predecessor;
    const { callerThread, graph } = plan;
    const from = `that of version ${version}, which has the same graph`;
    return { plan: plan.plan, callerThread, graph, from };
  }

  unloaded({ name, version }: ServableId): void {
    const versions = this.#plans.get(name);
    versions?.delete(version);
    if (versions?.size === 0) this.#plans.delete(name);
  }

  #add(id: ServableId, plan: NativePlan): void {
    const versions = this.#plans.get(id.name) ?? new Map<bigint, NativePlan>();
    this.#plans.set(id.name, versions.set(id.version, plan));
    const { reason, cases, largestDifference, micros } = plan;
    const { variables, weightBytes, sharedWeights, noSharedWeights, fused, nan, fromCheckpoint } =
      plan;
    const { noOpenVino } = plan;
    const times = Object.fromEntries(plan.times.map((time) => [planText(time), time.micros]));
    const trial = plan.tried ? { cases, largestDifference, times } : {};
    const frozen =
      plan.plan === 'as-saved'
        ? {}
        : {
            variables,
            weightBytes,
            sharedWeights,
            ...(fromCheckpoint && { fromCheckpoint }),
            ...(noSharedWeights !== '' && { noSharedWeights }),
            ...(fused > 0 && { fused }),
            ...(nan !== '' && { nan }),
          };
    this.#log.info(
      {
        ...{
          servable: servableIdText(id),
          plan: planText(plan),
          reason,
          micros,
          ...trial,
          ...frozen,
        },
        ...(noOpenVino !== '' && { noOpenVino }),
      },
      'execution plan',
    );
  }
}

/** Why nothing but as-saved is possible; or empty. */
function refusalOf(flags: Flags): string {
  if (flags.enable_session_run) {
    return '--enable_session_run lets clients name any node of the graph';
  }
  return flags.enable_model_warmup
    ? ''
    : '--enable_model_warmup=false leaves no input to compare plans on';
}

/** "frozen", "frozen/pool". */
export function planText({
  plan,
  callerThread,
}: Pick<NativePlan, 'plan' | 'callerThread'>): string {
  return callerThread ? plan : `${plan}/pool`;
}

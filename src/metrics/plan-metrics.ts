/** What is told of execution plans: gauges of the versions that are loaded. */
import type { Family, ScalarFamily, ScalarSample } from './families.js';

interface Choice {
  readonly plan: string;
  readonly callerThread: boolean;
}

export interface PlanFigures {
  readonly name: string;
  readonly version: bigint;
  readonly plan: Choice & { readonly times: readonly (Choice & { readonly micros: number })[] };
}

/** `plan` is 1 for the plan in use; `plan_trial_microseconds` is the best time of a run of each. */
export function planFamilies(plans: Iterable<PlanFigures>): Family[] {
  const inUse: ScalarSample[] = [];
  const times: ScalarSample[] = [];
  for (const { name, version, plan } of plans) {
    const labels = (of: Choice): string[] => [name, String(version), of.plan, threadsOf(of)];
    inUse.push({ labelValues: labels(plan), value: 1 });
    for (const time of plan.times) times.push({ labelValues: labels(time), value: time.micros });
  }
  return [gauge('/tensorgate/plan', inUse), gauge('/tensorgate/plan_trial_microseconds', times)];
}

function gauge(name: string, samples: readonly ScalarSample[]): ScalarFamily {
  const labelNames = ['model_name', 'version', 'plan', 'threads'];
  return { kind: 'gauge', name, labelNames, samples: () => samples };
}

function threadsOf({ callerThread }: Choice): string {
  return callerThread ? 'caller' : 'pool';
}

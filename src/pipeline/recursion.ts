/**
 * Recursion: which models the pipelines of a server run, so that none is loaded that would run itself, by way of
 * whatever other pipelines. By names: a model of the name that a version of a pipeline has is that pipeline.
 */
import type { ServableId } from '../core/servable.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import type { Step } from './pipeline-definition.js';
import { errorOfStep } from './pipeline-run.js';

export class Recursion {
  /** By name, of each version. */
  readonly #pipelines = new Map<string, Map<bigint, ReadonlySet<string>>>();

  /** From here on `id` counts, if it may run these models; otherwise the names on the way from it to itself. */
  add({ name, version }: ServableId, models: Iterable<string>): readonly string[] | null {
    const steps = new Set(models);
    const way = this.#wayTo(name, steps, new Set());
    if (way !== null) return [name, ...way];
    const versions = this.#pipelines.get(name) ?? new Map<bigint, ReadonlySet<string>>();
    this.#pipelines.set(name, versions.set(version, steps));
    return null;
  }

  delete({ name, version }: ServableId): void {
    const versions = this.#pipelines.get(name);
    versions?.delete(version);
    if (versions?.size === 0) this.#pipelines.delete(name);
  }

  #wayTo(goal: string, models: Iterable<string>, seen: Set<string>): string[] | null {
    for (const model of models) {
      if (model === goal) return [goal];
      if (seen.has(model)) continue;
      seen.add(model);
      for (const steps of this.#pipelines.get(model)?.values() ?? []) {
        const way = this.#wayTo(goal, steps, seen);
        if (way !== null) return [model, ...way];
      }
    }
    return null;
  }
}

/** Why a pipeline of these steps is not loaded; permanent. `way`: what `add` gave. */
export function recursionError(steps: readonly Step[], way: readonly string[]): ServingError {
  const step = steps.find(({ model }) => model === way[1]);
  const what = `the pipeline would run itself: ${way.join(' -> ')}`;
  const { code, message } = errorOfStep(
    step ?? { name: '' },
    new ServingError(StatusCode.FAILED_PRECONDITION, what),
  );
  return new ServingError(code, message, [], { isPermanent: true });
}

/**
 * What --validate_config says of pipelines: the text of each version, and whether the models of its steps are
 * configured, in the versions and under the labels that it names. Their signatures are known to a load alone.
 */
import { join } from 'node:path';

import type { ModelConfig } from '../config/model-config.js';
import { readTextFile } from '../config/text-proto.js';
import type { ServableId } from '../core/servable.js';
import type { AspiredVersion } from '../core/source.js';
import { parsePipeline, PIPELINE_FILE } from '../pipeline/pipeline-config.js';
import type { Step } from '../pipeline/pipeline-definition.js';
import { Recursion, recursionError } from '../pipeline/recursion.js';
import { error, findingsFrom, warning, type Finding } from './finding.js';

/** All that would be served. */
export interface ServedVersions {
  /** Those whose entries are right. */
  readonly models: readonly ModelConfig[];
  /** Of all that are configured. */
  readonly names: ReadonlySet<string>;
  /** By model. */
  readonly aspired: ReadonlyMap<string, readonly AspiredVersion[]>;
}

export class PipelineFindings {
  readonly #served: ServedVersions;
  /** Of the pipelines so far. */
  readonly #recursion = new Recursion();

  constructor(served: ServedVersions) {
    this.#served = served;
  }

  /** `path`: the version's folder. */
  of(id: ServableId, path: string): Promise<readonly Finding[]> {
    const where = `model ${id.name}`;
    const file = join(path, PIPELINE_FILE);
    return findingsFrom(where, async () => {
      const { steps } = parsePipeline(await readTextFile(file), file);
      const way = this.#recursion.add(
        id,
        steps.map(({ model }) => model),
      );
      const circle = way === null ? [] : [recursionError(steps, way).message];
      const mistakes = [...circle, ...steps.flatMap((step) => this.#mistakeOf(step) ?? [])];
      const absent = steps.flatMap((step) => this.#absenceOf(step) ?? []);
      return [
        ...mistakes.map((what) => error(where, `${file}: ${what}`)),
        ...absent.map((what) => warning(where, `${file}: ${what}`)),
      ];
    });
  }

  /** Only another configuration would do. */
  #mistakeOf({ name, model, label }: Step): string | null {
    const { models, names } = this.#served;
    if (!names.has(model)) return `step "${name}": model "${model}" is not configured`;
    const config = models.find((each) => each.name === model);
    if (label === null || config === undefined || config.labels.has(label)) return null;
    const labels = listOf([...config.labels.keys()].map((each) => `"${each}"`));
    return `step "${name}": model "${model}" has no label "${label}", ${labels}`;
  }

  /** A server waits for it. */
  #absenceOf({ name, model, version }: Step): string | null {
    const versions = (this.#served.aspired.get(model) ?? []).map((each) => each.version);
    if (version === null || versions.length === 0 || versions.includes(version)) return null;
    return `step "${name}": model "${model}" has no version ${version} to be served, ${listOf(versions)}`;
  }
}

function listOf(names: readonly unknown[]): string {
  return names.length === 0 ? 'there is none' : `expected one of ${names.join(', ')}`;
}

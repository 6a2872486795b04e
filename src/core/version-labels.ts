/**
 * VersionLabels: the names that models give to versions, as of the last configuration. A label stands
 * for one version, or for several that share its requests by weight.
 */
import { createHash } from 'node:crypto';

import type { LabelTarget } from '../config/model-config.js';
import { ServingError, StatusCode } from '../status/serving-error.js';

const MAX_LABELS_SHOWN = 16;

/** Ours, after upstream's text: at a start no version is available yet. */
const THE_FLAG_HELPS =
  '; with --allow_version_labels_for_unavailable_models a new label may wait for its version';

/** Labels of one model. */
export type Labels = ReadonlyMap<string, LabelTarget>;

export class VersionLabels {
  readonly #isAvailable: (name: string, version: bigint) => boolean;
  readonly #allowUnavailable: boolean;
  /** Null before the first configuration, and for one that named no models. */
  #labels: ReadonlyMap<string, Labels> | null = null;

  /** `allowUnavailable` is --allow_version_labels_for_unavailable_models. */
  constructor(isAvailable: (name: string, version: bigint) => boolean, allowUnavailable: boolean) {
    this.#isAvailable = isAvailable;
    this.#allowUnavailable = allowUnavailable;
  }

  /**
   * Replaces the labels of all models, or none.
   * @throws ServingError FAILED_PRECONDITION for a version that a label may not stand for now
   */
  assign(labels: ReadonlyMap<string, Labels>): void {
    for (const [name, ofModel] of labels) {
      for (const [label, target] of ofModel) this.#check(name, label, target);
    }
    this.#labels = labels;
  }

  /** The check of `assign`, of those labels alone that do not stay as they are. @throws ServingError */
  checkChanges(labels: ReadonlyMap<string, Labels>): void {
    for (const [name, ofModel] of labels) {
      for (const [label, target] of ofModel) {
        if (!isSame(target, this.of(name).get(label))) this.#check(name, label, target);
      }
    }
  }

  /** As `assign`. REQUIRES: labels whose changes were checked, here or where they come from. */
  replace(labels: ReadonlyMap<string, Labels> | null): void {
    this.#labels = labels;
  }

  /** Of all models; null before the first configuration. */
  get all(): ReadonlyMap<string, Labels> | null {
    return this.#labels;
  }

  of(name: string): Labels {
    return this.#labels?.get(name) ?? new Map();
  }

  /** Whether several versions share the requests with this label. */
  isShared(name: string, label: string): boolean {
    return (this.#labels?.get(name)?.get(label)?.size ?? 0) > 1;
  }

  /**
   * The version a request with this label goes to. `key` ties requests that have the same one to the
   * same version of a label with several; null draws by lot.
   * @throws ServingError INVALID_ARGUMENT, or UNAVAILABLE before the first list of models
   */
  resolve(name: string, label: string, key: string | null): bigint {
    if (this.#labels === null) {
      throw new ServingError(
        StatusCode.UNAVAILABLE,
        `Model labels does not init yet.${label}`, // sic
      );
    }
    const target = this.of(name).get(label);
    if (target === undefined) {
      const known = [...this.of(name).keys()].slice(0, MAX_LABELS_SHOWN).join(', ');
      throw new ServingError(
        StatusCode.INVALID_ARGUMENT,
        `Unrecognized servable version label: ${label}`,
        [
          {
            field: 'model_spec.version_label',
            description: `labels of the model: ${known || 'none'}`,
          },
        ],
      );
    }
    return target.size === 1 ? onlyOf(target) : this.#drawn(name, label, target, key);
  }

  #check(name: string, label: string, target: LabelTarget): void {
    const current = this.#labels?.get(name)?.get(label);
    for (const version of target.keys()) {
      if (this.#isAvailable(name, version)) continue;
      const mayWait = current === undefined || current.has(version);
      if (this.#allowUnavailable && mayWait) continue;
      throw new ServingError(
        StatusCode.FAILED_PRECONDITION,
        `Request to assign label to version ${version} of model ${name}, which is not currently ` +
          `available for inference${this.#labels === null ? THE_FLAG_HELPS : ''}`,
        [
          {
            field: `model_config_list.config["${name}"].version_labels["${label}"]`,
            description: `expected a version that is AVAILABLE, got ${version}`,
          },
        ],
      );
    }
  }

  /** Among the versions that are available, unless none is: then the caller's lookup says so. */
  #drawn(name: string, label: string, target: LabelTarget, key: string | null): bigint {
    const available = [...target].filter(([version]) => this.#isAvailable(name, version));
    const parts = available.length > 0 ? available : [...target];
    const sum = parts.reduce((total, [, weight]) => total + weight, 0);
    let left = (key === null ? Math.random() : shareOf(`${name}\0${label}\0${key}`)) * sum;
    for (const [version, weight] of parts) {
      left -= weight;
      if (left < 0) return version;
    }
    return (parts.at(-1) as [bigint, number])[0]; // rounding
  }
}

function isSame(a: LabelTarget, b: LabelTarget | undefined): boolean {
  if (a.size !== b?.size) return false;
  return [...a].every(([version, weight]) => b.get(version) === weight);
}

function onlyOf(target: LabelTarget): bigint {
  const [version] = target.keys();
  return version as bigint;
}

/** A number in [0, 1) that depends on the text alone, the same in every process. */
function shareOf(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0) / 2 ** 32;
}

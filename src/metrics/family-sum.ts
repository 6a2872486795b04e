/**
 * Families of several threads as one page shows them: as plain data, so that they can be sent, and added
 * up, sample by sample. A gauge that each thread has its part of is the sum, too.
 */
import {
  counterFamily,
  histogramFamily,
  type Family,
  type HistogramSample,
  type ScalarSample,
} from './families.js';

/** A family with its samples as they are now. */
export type PlainFamily =
  | {
      readonly kind: 'counter' | 'gauge';
      readonly name: string;
      readonly labelNames: readonly string[];
      readonly samples: readonly ScalarSample[];
    }
  | {
      readonly kind: 'histogram';
      readonly name: string;
      readonly labelNames: readonly string[];
      readonly limits: readonly number[];
      readonly samples: readonly HistogramSample[];
    };

export function plainFamily(family: Family): PlainFamily {
  const { name, labelNames } = family;
  if (family.kind !== 'histogram') {
    const samples = [...family.samples()].map(({ labelValues, value }) => ({ labelValues, value }));
    return { kind: family.kind, name, labelNames, samples };
  }
  const samples = [...family.samples()].map(({ labelValues, buckets, sum }) => ({
    labelValues,
    buckets: Float64Array.from(buckets),
    sum,
  }));
  return { kind: 'histogram', name, labelNames, limits: family.limits, samples };
}

/** Families of the same name become one. By name. */
export function summed(families: readonly PlainFamily[]): Family[] {
  const byName = new Map<string, PlainFamily[]>();
  for (const family of families) {
    const same = byName.get(family.name);
    if (same === undefined) byName.set(family.name, [family]);
    else same.push(family);
  }
  const all = [...byName.values()].map(sumOf);
  return all.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** REQUIRES: one at least, all of the same name, kind, labels and limits. */
function sumOf(families: readonly PlainFamily[]): Family {
  const [first] = families as readonly [PlainFamily];
  const { name, labelNames } = first;
  if (first.kind === 'histogram') {
    const samples = families.flatMap((family) =>
      family.kind === 'histogram' ? family.samples : [],
    );
    return histogramFamily(name, labelNames, first.limits, addedUp(samples, addHistograms));
  }
  const scalars = families.flatMap((family) => (family.kind === 'histogram' ? [] : family.samples));
  const samples = addedUp(scalars, (a, b) => ({ ...a, value: a.value + b.value }));
  return { ...counterFamily(name, labelNames, samples), kind: first.kind };
}

function addedUp<S extends { readonly labelValues: readonly string[] }>(
  samples: readonly S[],
  add: (a: S, b: S) => S,
): S[] {
  const byLabels = new Map<string, S>();
  for (const sample of samples) {
    const key = JSON.stringify(sample.labelValues);
    const before = byLabels.get(key);
    byLabels.set(key, before === undefined ? sample : add(before, sample));
  }
  return [...byLabels.values()];
}

function addHistograms(a: HistogramSample, b: HistogramSample): HistogramSample {
  const buckets = Array.from(a.buckets, (count, i) => count + (b.buckets[i] ?? 0));
  return { labelValues: a.labelValues, buckets, sum: a.sum + b.sum };
}

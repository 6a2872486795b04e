/**
 * Registry: the metric families of the process's page. A new metric is one line: `registry.counter(name,
 * labels)`. Families that are counted elsewhere come from readers, asked once per page.
 */
import { byLabelValues, Counter, Gauge, Histogram, type Family } from './families.js';

export class Registry {
  readonly #families = new Map<string, Family>();
  readonly #readers: (() => readonly Family[])[] = [];

  counter(name: string, labelNames: readonly string[]): Counter {
    return this.#add(new Counter(name, labelNames));
  }

  gauge(name: string, labelNames: readonly string[]): Gauge {
    return this.#add(new Gauge(name, labelNames));
  }

  histogram(name: string, labelNames: readonly string[], limits: readonly number[]): Histogram {
    return this.#add(new Histogram(name, labelNames, limits));
  }

  addReader(read: () => readonly Family[]): void {
    this.#readers.push(read);
  }

  /** All as they are now, by name. */
  families(): Family[] {
    const all = [...this.#families.values(), ...this.#readers.flatMap((read) => read())];
    return all.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Of each metric its first cell, as a whole number: 0 where there is none, or no number. */
  firstValues(names: ReadonlySet<string>): Map<string, number> {
    const values = new Map([...names].map((name) => [name, 0]));
    if (names.size === 0) return values;
    for (const family of this.families()) {
      if (family.kind === 'histogram' || !names.has(family.name)) continue;
      const [first] = [...family.samples()].sort(byLabelValues);
      values.set(family.name, Math.trunc(first?.value ?? 0));
    }
    return values;
  }

  #add<F extends Family>(family: F): F {
    if (this.#families.has(family.name)) throw new Error(`${family.name} is registered twice`);
    this.#families.set(family.name, family);
    return family;
  }
}

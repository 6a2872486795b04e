/**
 * Counts over all sections. What fails is named once more at the end, where those look who see the end of a log
 * alone; every skip is printed with its reason.
 */
export class Tally {
  passed = 0;
  skipped = 0;
  /** @type {string[]} */
  #failed = [];

  get failed() {
    return this.#failed.length;
  }

  /** @param {{passed: number, failed: string[], skipped?: number}} counts `failed`: names */
  add({ passed, failed, skipped = 0 }) {
    this.passed += passed;
    this.#failed.push(...failed);
    this.skipped += skipped;
  }

  /** @param {string} name */
  pass(name) {
    this.passed += 1;
    console.log(`passed: ${name}`);
  }

  /** @param {string} name @param {string} reason */
  fail(name, reason) {
    this.#failed.push(`${name}: ${reason}`);
    console.log(`FAILED: ${name}: ${reason}`);
  }

  /** @param {string} name @param {string} reason */
  skip(name, reason) {
    this.skipped += 1;
    console.log(`skipped: ${name}: ${reason}`);
  }

  /** What `add` takes. */
  toJSON() {
    return { passed: this.passed, failed: this.#failed, skipped: this.skipped };
  }

  counts() {
    const skipped = this.skipped > 0 ? `, ${this.skipped} skipped` : '';
    return `${this.passed} passed, ${this.failed} failed${skipped}`;
  }

  toString() {
    return `${this.#failed.map((name) => `FAILED: ${name}\n`).join('')}${this.counts()}`;
  }
}

/** Counts over all sections; every failure of a whole section and every skip is printed with its reason. */
export class Tally {
  passed = 0;
  failed = 0;
  skipped = 0;

  /** @param {{passed: number, failed: number, skipped: number}} counts */
  add({ passed, failed, skipped }) {
    this.passed += passed;
    this.failed += failed;
    this.skipped += skipped;
  }

  /** @param {string} name */
  pass(name) {
    this.passed += 1;
    console.log(`passed: ${name}`);
  }

  /** @param {string} name @param {string} reason */
  fail(name, reason) {
    this.failed += 1;
    console.log(`FAILED: ${name}: ${reason}`);
  }

  /** @param {string} name @param {string} reason */
  skip(name, reason) {
    this.skipped += 1;
    console.log(`skipped: ${name}: ${reason}`);
  }

  toString() {
    const skipped = this.skipped > 0 ? `, ${this.skipped} skipped` : '';
    return `${this.passed} passed, ${this.failed} failed${skipped}`;
  }
}

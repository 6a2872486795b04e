/** What is wrong with a model file: where in it, what was expected there and what was given. */
const LONGEST_TEXT = 40;

export class ModelFileError extends Error {
  override readonly name = 'ModelFileError';
  /** A path into the file, as `learner.gradient_booster.model.trees[3]` or `Tree=3 left_child[7]`. */
  readonly where: string;
  readonly expected: string;

  constructor(where: string, expected: string, given: unknown, options?: ErrorOptions) {
    super(`${where}: expected ${expected}, got ${shown(given)}`, options);
    this.where = where;
    this.expected = expected;
  }
}

/** Words that stand for themselves in an error, where a text of the file would be quoted. */
export class Words {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

function shown(given: unknown): string {
  if (given instanceof Words) return given.text;
  if (given === undefined) return 'nothing';
  if (given === null || typeof given === 'number' || typeof given === 'boolean') {
    return String(given);
  }
  if (typeof given === 'string') {
    const cut = given.length > LONGEST_TEXT;
    return JSON.stringify(cut ? `${given.slice(0, LONGEST_TEXT)}…` : given);
  }
  if (Array.isArray(given) || ArrayBuffer.isView(given)) {
    return `an array of ${(given as ArrayLike<unknown>).length}`;
  }
  return typeof given === 'object' ? 'an object' : `a ${typeof given}`;
}

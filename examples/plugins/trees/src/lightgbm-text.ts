/**
 * The text of a LightGBM file: a header and one section for each tree, lines `name=value` up to an empty one,
 * then `end of trees`; what follows (importances, parameters) is about the training.
 */
import { ModelFileError, Words } from './model-file-error.js';

const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;
const END_OF_TREES = 'end of trees';

/** Lines `name=value`, or a name alone. */
export class Section {
  readonly where: string;
  readonly #values = new Map<string, string>();

  constructor(where: string) {
    this.where = where;
  }

  add(line: string): void {
    const sign = line.indexOf('=');
    if (sign < 0) this.#values.set(line, '');
    else this.#values.set(line.slice(0, sign), line.slice(sign + 1));
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  pathOf(name: string): string {
    return `${this.where} ${name}`;
  }

  /** Words of the value; of an empty one, none. */
  words(name: string): readonly string[] {
    const value = this.#values.get(name);
    if (value === undefined) throw new ModelFileError(this.pathOf(name), 'a line', undefined);
    const trimmed = value.trim();
    return trimmed === '' ? [] : trimmed.split(' ');
  }

  /** One whole number from 0 to `most`. */
  count(name: string, most: number): number {
    return this.integers(name, 0, most, 1)[0] as number;
  }

  /** `length` finite numbers. */
  numbers(name: string, length: number): Float64Array {
    return this.#parsed(name, length, 'a finite number', NaN);
  }

  /** `length` numbers, of which some may be infinite: all that is not missing goes left. */
  thresholds(name: string, length: number): Float64Array {
    return this.#parsed(name, length, 'a number', Infinity);
  }

  /** `length` whole numbers from `least` to `most`. */
  integers(name: string, least: number, most: number, length: number): Float64Array {
    const numbers = this.numbers(name, length);
    const wrong = numbers.findIndex((n) => !Number.isInteger(n) || n < least || n > most);
    if (wrong < 0) return numbers;
    const expected = `a whole number from ${least} to ${most}`;
    throw new ModelFileError(`${this.pathOf(name)}[${wrong}]`, expected, numbers[wrong]);
  }

  #parsed(name: string, length: number, expected: string, infinite: number): Float64Array {
    const words = this.words(name);
    if (words.length !== length) {
      const given = new Words(String(words.length));
      throw new ModelFileError(this.pathOf(name), `${length} numbers`, given);
    }
    const numbers = new Float64Array(length);
    for (let i = 0; i < length; ++i) {
      const word = words[i] as string;
      const number = word === 'inf' ? infinite : word === '-inf' ? -infinite : numberOf(word);
      if (Number.isNaN(number)) {
        throw new ModelFileError(`${this.pathOf(name)}[${i}]`, expected, word);
      }
      numbers[i] = number;
    }
    return numbers;
  }
}

/** NaN for what is no finite number; Number() would take an empty word, and hexadecimal. */
function numberOf(word: string): number {
  const number = NUMBER.test(word) ? Number(word) : NaN;
  return Number.isFinite(number) ? number : NaN;
}

/**
 * The header, then the trees, one at a time so that no more than one is held.
 * @throws ModelFileError where the file ends too early.
 */
export function* lightgbmSections(bytes: Uint8Array): Generator<Section> {
  let section = new Section('header');
  let trees = 0;
  for (const line of linesOf(new TextDecoder().decode(bytes))) {
    if (line === END_OF_TREES) {
      yield section;
      return;
    }
    if (line.startsWith('Tree=')) {
      if (line !== `Tree=${trees}`) throw new ModelFileError('file', `Tree=${trees}`, line);
      ++trees;
      yield section;
      section = new Section(line);
    } else if (line !== '') {
      section.add(line);
    }
  }
  const last = new Words(`the end of the file, in ${section.where}`);
  throw new ModelFileError('file', `a line "${END_OF_TREES}"`, last);
}

function* linesOf(text: string): Generator<string> {
  for (let at = 0; at < text.length;) {
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline;
    yield text.slice(at, end).trimEnd();
    at = end + 1;
  }
}

/**
 * Fields: typed access to what a JSON or UBJSON file says, which may be anything. Each getter throws a
 * ModelFileError that names the path to the field.
 */
import { ModelFileError } from './model-file-error.js';

const WHOLE_NUMBER = /^\d{1,15}$/;
const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;

export class Fields {
  readonly where: string;
  readonly #object: object;

  /** @throws ModelFileError where `value` is no object. */
  constructor(value: unknown, where: string) {
    if (typeof value !== 'object' || value === null || isList(value)) {
      throw new ModelFileError(where, 'an object', value);
    }
    this.#object = value;
    this.where = where;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#object, name);
  }

  value(name: string): unknown {
    return this.has(name) ? (this.#object as Record<string, unknown>)[name] : undefined;
  }

  pathOf(name: string): string {
    return this.where === '' ? name : `${this.where}.${name}`;
  }

  fields(name: string): Fields {
    return new Fields(this.value(name), this.pathOf(name));
  }

  text(name: string): string {
    const value = this.value(name);
    if (typeof value !== 'string') throw new ModelFileError(this.pathOf(name), 'a text', value);
    return value;
  }

  /** A whole number from 0 to `most`, which XGBoost writes as a text. */
  count(name: string, most: number): number {
    const value = this.value(name);
    const number = typeof value === 'string' && WHOLE_NUMBER.test(value) ? Number(value) : value;
    if (!isCount(number, most)) {
      throw new ModelFileError(this.pathOf(name), `a whole number from 0 to ${most}`, value);
    }
    return number;
  }

  /** An array; of `length` elements where that is given. */
  list(name: string, length?: number): ArrayLike<unknown> {
    const value = this.value(name);
    if (!isList(value)) throw new ModelFileError(this.pathOf(name), 'an array', value);
    if (length !== undefined && value.length !== length) {
      throw new ModelFileError(this.pathOf(name), `an array of ${length}`, value);
    }
    return value;
  }

  texts(name: string): readonly string[] {
    return Array.from(this.list(name), (value, i) => {
      if (typeof value === 'string') return value;
      throw new ModelFileError(`${this.pathOf(name)}[${i}]`, 'a text', value);
    });
  }

  /** Finite numbers; `length` of them where that is given. */
  numbers(name: string, length?: number): ArrayLike<number> {
    const list = this.list(name, length);
    for (let i = 0; i < list.length; ++i) {
      if (!Number.isFinite(list[i])) {
        throw new ModelFileError(`${this.pathOf(name)}[${i}]`, 'a finite number', list[i]);
      }
    }
    return list as ArrayLike<number>;
  }

  /** Whole numbers from `least` to `most`. */
  integers(name: string, least: number, most: number, length?: number): ArrayLike<number> {
    const numbers = this.numbers(name, length);
    for (let i = 0; i < numbers.length; ++i) {
      const value = numbers[i] as number;
      if (!Number.isInteger(value) || value < least || value > most) {
        const expected = `a whole number from ${least} to ${most}`;
        throw new ModelFileError(`${this.pathOf(name)}[${i}]`, expected, value);
      }
    }
    return numbers;
  }

  /** `[5E-1,2.5E-1]`, or `5E-1` as earlier versions of XGBoost have it. */
  numbersInText(name: string): readonly number[] {
    const text = this.text(name);
    const inner = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
    return inner.split(',').map((part) => {
      const value = NUMBER.test(part) ? Number(part) : NaN;
      if (Number.isFinite(value)) return value;
      throw new ModelFileError(this.pathOf(name), 'numbers as a text, [5E-1]', text);
    });
  }
}

function isCount(value: unknown, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most;
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || ArrayBuffer.isView(value);
}

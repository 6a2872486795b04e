/**
 * Universal Binary JSON (draft 12), as XGBoost writes it: objects become objects without a prototype,
 * arrays of one numeric type typed arrays. Memory stays within a small multiple of the file's size.
 */
import { ModelFileError, Words } from './model-file-error.js';

/** XGBoost's own files go 9 deep. */
const DEEPEST = 64;
/** The smallest tree of XGBoost has 17 objects and arrays in 450 bytes of JSON; a small file has a few by itself. */
const BYTES_OF_CONTAINER = 16;
const CONTAINERS_OF_ANY = 1000;

/** Objects and arrays that a file of so many bytes may have. */
export function mostContainers(bytes: number): number {
  return CONTAINERS_OF_ANY + Math.floor(bytes / BYTES_OF_CONTAINER);
}

type NumberArray = Int8Array | Uint8Array | Int16Array | Int32Array | Float32Array | Float64Array;

interface NumberType {
  readonly bytes: number;
  readonly read: (view: DataView, at: number) => number;
  readonly array: (length: number) => NumberArray;
}

/** int64 becomes a double: what a model file counts stays far below 2^53. */
const NUMBERS: Readonly<Record<string, NumberType>> = {
  i: { bytes: 1, read: (v, at) => v.getInt8(at), array: (n) => new Int8Array(n) },
  U: { bytes: 1, read: (v, at) => v.getUint8(at), array: (n) => new Uint8Array(n) },
  I: { bytes: 2, read: (v, at) => v.getInt16(at), array: (n) => new Int16Array(n) },
  l: { bytes: 4, read: (v, at) => v.getInt32(at), array: (n) => new Int32Array(n) },
  L: { bytes: 8, read: (v, at) => Number(v.getBigInt64(at)), array: (n) => new Float64Array(n) },
  d: { bytes: 4, read: (v, at) => v.getFloat32(at), array: (n) => new Float32Array(n) },
  D: { bytes: 8, read: (v, at) => v.getFloat64(at), array: (n) => new Float64Array(n) },
};

/** @throws ModelFileError with the offset of what is wrong. */
export function parseUbjson(bytes: Uint8Array): unknown {
  const reader = new Reader(bytes);
  const value = reader.value(reader.marker(), 0);
  reader.expectEnd();
  return value;
}

class Reader {
  readonly #view: DataView;
  readonly #text = new TextDecoder();
  #at = 0;
  #containers = 0;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  marker(): string {
    return String.fromCharCode(this.#view.getUint8(this.#take(1)));
  }

  value(marker: string, depth: number): unknown {
    const number = numberType(marker);
    if (number) return number.read(this.#view, this.#take(number.bytes));
    switch (marker) {
      case '{':
        return this.#object(depth + 1);
      case '[':
        return this.#array(depth + 1);
      case 'S':
        return this.#string(this.#length(this.marker(), 1));
      case 'C':
        return this.marker();
      case 'T':
      case 'F':
        return marker === 'T';
      case 'Z':
        return null;
      default:
        throw this.#error('the marker of a value', marker);
    }
  }

  expectEnd(): void {
    const rest = this.#view.byteLength - this.#at;
    if (rest > 0) throw this.#error('the end of the file', new Words(`${rest} further bytes`));
  }

  #object(depth: number): unknown {
    this.#checkContainer(depth);
    const object = Object.create(null) as Record<string, unknown>;
    for (let marker = this.marker(); marker !== '}'; marker = this.marker()) {
      const key = this.#string(this.#length(marker, 1));
      object[key] = this.value(this.marker(), depth);
    }
    return object;
  }

  #array(depth: number): unknown {
    this.#checkContainer(depth);
    let marker = this.marker();
    if (marker === '$') return this.#typedArray();
    const values: unknown[] = [];
    if (marker === '#') {
      for (let left = this.#length(this.marker(), 1); left > 0; --left) {
        values.push(this.value(this.marker(), depth));
      }
      return values;
    }
    for (; marker !== ']'; marker = this.marker()) values.push(this.value(marker, depth));
    return values;
  }

  /** Numbers alone: elements of no bytes (null, true) would be a small file that asks for all memory. */
  #typedArray(): NumberArray {
    const type = this.marker();
    const number = numberType(type);
    if (!number) throw this.#error('a numeric type of the elements', type);
    const sign = this.marker();
    if (sign !== '#') throw this.#error('# before the number of elements', sign);
    const length = this.#length(this.marker(), number.bytes);
    const array = number.array(length);
    for (let i = 0; i < length; ++i) {
      array[i] = number.read(this.#view, this.#take(number.bytes));
    }
    return array;
  }

  #string(length: number): string {
    const at = this.#take(length);
    const { buffer, byteOffset } = this.#view;
    return this.#text.decode(new Uint8Array(buffer, byteOffset + at, length));
  }

  /** How many follow, of which each takes `bytes` or more. */
  #length(marker: string, bytes: number): number {
    const type = numberType(marker);
    if (!type || marker === 'd' || marker === 'D') throw this.#error('a length', marker);
    const length = type.read(this.#view, this.#take(type.bytes));
    const most = Math.floor((this.#view.byteLength - this.#at) / bytes);
    if (length < 0 || length > most) {
      throw this.#error(`a length from 0 to ${most}, which the rest of the file holds`, length);
    }
    return length;
  }

  #take(bytes: number): number {
    const at = this.#at;
    if (bytes > this.#view.byteLength - at) {
      throw this.#error(`${bytes} further bytes`, new Words('the end of the file'));
    }
    this.#at = at + bytes;
    return at;
  }

  #checkContainer(depth: number): void {
    if (depth > DEEPEST) throw this.#error(`at most ${DEEPEST} levels`, new Words('more'));
    const most = mostContainers(this.#view.byteLength);
    if (++this.#containers > most) {
      throw this.#error(`at most ${most} objects and arrays`, new Words('more'));
    }
  }

  #error(expected: string, given: unknown): ModelFileError {
    return new ModelFileError(`byte ${this.#at}`, expected, given);
  }
}

function numberType(marker: string): NumberType | undefined {
  return Object.hasOwn(NUMBERS, marker) ? NUMBERS[marker] : undefined;
}

/** UBJSON by hand: each type, and files that ask for more than they hold. */
import assert from 'node:assert/strict';

import { parseUbjson } from '../../../../../examples/plugins/trees/src/ubjson.js';

function bytes(...parts: readonly (string | readonly number[])[]): Buffer {
  return Buffer.concat(parts.map((part) => Buffer.from(part as string, 'latin1')));
}

describe('parseUbjson', () => {
  it('reads every type that models have', () => {
    const cases: readonly [Buffer, unknown][] = [
      [bytes('i', [0xff]), -1],
      [bytes('U', [0xff]), 255],
      [bytes('I', [0x80, 0]), -32768],
      [bytes('l', [0x80, 0, 0, 0]), -2147483648],
      [bytes('L', [0, 0, 0, 1, 0, 0, 0, 0]), 2 ** 32],
      [bytes('d', [0x3f, 0x80, 0, 0]), 1],
      [bytes('D', [0x3f, 0xf0, 0, 0, 0, 0, 0, 0]), 1],
      [bytes('SU', [3], 'abc'), 'abc'],
      [bytes('Cx'), 'x'],
      [bytes('[TFZ]'), [true, false, null]],
      [bytes('[#U', [2], 'TT'), [true, true]],
      [bytes('[$d#U', [1], [0x3f, 0x80, 0, 0]), Float32Array.of(1)],
      [bytes('[$l#U', [2], [0, 0, 0, 1, 0, 0, 0, 2]), Int32Array.of(1, 2)],
      [bytes('[$U#U', [0]), new Uint8Array(0)],
    ];
    for (const [file, expected] of cases) assert.deepEqual(parseUbjson(file), expected);
  });

  it('has no names but those of the file', () => {
    const object = parseUbjson(bytes('{U', [9], '__proto__', 'Z', '}')) as object;
    assert.deepEqual([Object.keys(object), Object.getPrototypeOf(object)], [['__proto__'], null]);
  });

  it('refuses what is wrong, with its place', () => {
    const cases: readonly [Buffer, RegExp][] = [
      [bytes(''), /^byte 0: expected 1 further bytes, got the end of the file$/],
      [bytes('d', [0, 0]), /^byte 1: expected 4 further bytes/],
      [bytes('?'), /^byte 1: expected the marker of a value, got "\?"$/],
      [bytes('TT'), /^byte 1: expected the end of the file, got 1 further bytes$/],
      [bytes('Sl', [0x7f, 0xff, 0xff, 0xff]), /a length from 0 to 0, .* got 2147483647$/],
      [bytes('Si', [0xff]), /a length from 0 to 0, .* got -1$/],
      [bytes('[$d#l', [0x7f, 0xff, 0xff, 0xff]), /a length from 0 to 0, .* got 2147483647$/],
      [bytes('[#l', [0x7f, 0xff, 0xff, 0xff]), /a length from 0 to 0, .* got 2147483647$/],
      [bytes('[$Z#l', [0x7f, 0xff, 0xff, 0xff]), /a numeric type of the elements, got "Z"$/],
      [bytes('[$dU', [1]), /# before the number of elements, got "U"$/],
      [bytes('Sd', [0, 0, 0, 0]), /expected a length, got "d"$/],
      [bytes('[' + '[]'.repeat(2000) + ']'), /expected at most 1250 objects and arrays, got more$/],
      [bytes('['.repeat(100_000)), /^byte 65: expected at most 64 levels, got more$/],
    ];
    for (const [file, message] of cases) {
      assert.throws(() => parseUbjson(file), { name: 'ModelFileError', message });
    }
  });
});

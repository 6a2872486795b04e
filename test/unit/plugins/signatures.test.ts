import assert from 'node:assert/strict';

import { malformation, nativeTensor } from '../../../src/plugins/element-types.js';
import { declaredSignatures } from '../../../src/plugins/signatures.js';

describe('The signatures of a plugin', () => {
  it('are refused with where, what was expected and what was given', () => {
    const refused = (signatures: unknown, text: RegExp): void =>
      assert.throws(() => declaredSignatures(signatures), text);
    const good = { x: { dtype: 'DT_FLOAT', shape: [-1] } };
    refused(
      undefined,
      /^TypeError: signatures: expected an object with at least one entry, got undefined$/,
    );
    refused({ s: { inputs: good } }, /^TypeError: signatures\["s"\]\.outputs: expected an object/);
    refused(
      { s: { inputs: good, outputs: { y: { dtype: 'float' } } } },
      /^TypeError: signatures\["s"\]\.outputs\["y"\]\.dtype: expected one of DT_FLOAT, .*, got "float"$/,
    );
    refused(
      { s: { inputs: { x: { dtype: 'DT_FLOAT', shape: [-2] } }, outputs: good } },
      /^TypeError: signatures\["s"\]\.inputs\["x"\]\.shape: expected an array of integers from -1 on, got \[-2\]$/,
    );
    const { inputs } = declaredSignatures({ s: { inputs: good, outputs: good } }).get('s') ?? {};
    assert.deepEqual(inputs, new Map([['x', { dtype: 'DT_FLOAT', shape: [-1] }]]));
  });
});

describe('The tensors of a plugin', () => {
  it('are looked through before the addon sees them', () => {
    const data = Float32Array.of(1, 2);
    const tensor = { dtype: 'DT_FLOAT', shape: [2], data };
    assert.equal(malformation(tensor), null);
    for (const [wrong, text] of [
      [null, 'got null'],
      [{ ...tensor, dtype: 1 }, 'got dtype 1'],
      [{ ...tensor, shape: [-2] }, 'got as shape [-2]'],
      [{ ...tensor, shape: 2 }, 'got as shape 2'],
      [{ ...tensor, data: [1, 2] }, 'got as data Array, which must be Float32Array'],
      [{ ...tensor, shape: [2 ** 40, 2 ** 40] }, /^got 2 elements of shape \[\d+, \d+\]/],
      [
        { dtype: 'DT_STRING', shape: [1], data: [1] },
        'got other elements than strings and Uint8Arrays',
      ],
    ] as const) {
      const given = malformation(wrong) ?? '';
      if (typeof text === 'string') assert.equal(given, text);
      else assert.match(given, text);
    }
  });

  it('give the memory that they are of, not what lies beside them in it', () => {
    const whole = Float32Array.of(1, 2, 3);
    const of = (data: Float32Array): ArrayBuffer =>
      nativeTensor('y', { dtype: 'DT_FLOAT', shape: [data.length], data }).data as ArrayBuffer;
    assert.equal(of(whole), whole.buffer);
    assert.deepEqual([...new Float32Array(of(whole.subarray(1, 2)))], [2]);
    const shared = new Float32Array(new SharedArrayBuffer(8)).fill(4);
    assert.deepEqual([...new Float32Array(of(shared))], [4, 4]);
  });
});

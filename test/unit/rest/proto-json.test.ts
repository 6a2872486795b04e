import assert from 'node:assert/strict';

import { loadProtos } from '../../../src/protos/protos.js';
import { protoJson } from '../../../src/rest/proto-json.js';

const root = loadProtos([
  'tensorflow_serving/apis/get_model_metadata.proto',
  'tensorflow/core/protobuf/config.proto',
]);

function json(name: string, value: object): string {
  const type = root.lookupType(name);
  // Through the wire, as messages come in.
  return protoJson(type, type.decode(type.encode(type.fromObject(value)).finish()));
}

/** One number as the only element of a repeated field. */
function printed(field: 'float_val' | 'double_val', value: number): unknown {
  const text = json('tensorflow.TensorProto', { [field]: [value] });
  return new RegExp(`"${field}": \\[\n {2}(.*)\n \\]`).exec(text)?.[1];
}

describe('protoJson', () => {
  it('prints fields in order of their numbers, with defaults, indented by one blank', () => {
    assert.equal(
      json('tensorflow.TensorInfo', {
        tensor_shape: { dim: [{ size: -1 }] },
        dtype: 'DT_FLOAT_REF',
        name: 'x:0',
      }),
      `{
 "name": "x:0",
 "dtype": "DT_FLOAT_REF",
 "tensor_shape": {
  "dim": [
   {
    "size": "-1",
    "name": ""
   }
  ],
  "unknown_rank": false
 }
}
`,
    );
  });

  it('prints empty lists and maps, but no message and no member of a oneof that is not set', () => {
    assert.equal(json('tensorflow.TensorInfo', {}), '{\n "dtype": "DT_INVALID"\n}\n');
    assert.equal(
      json('tensorflow.SignatureDef', {}),
      '{\n "inputs": {},\n "outputs": {},\n "method_name": "",\n "defaults": {}\n}\n',
    );
    assert.equal(json('tensorflow.NoneValue', {}), '{}\n');
  });

  it('prints the member of a oneof that is set, even to its default', () => {
    const name = json('tensorflow.TensorInfo', { name: '' });
    assert.deepEqual(JSON.parse(name), { name: '', dtype: 'DT_INVALID' });
    const sparse = JSON.parse(
      json('tensorflow.TensorInfo', { coo_sparse: { values_tensor_name: 'v:0' } }),
    ) as object;
    assert.deepEqual(Object.keys(sparse), ['dtype', 'coo_sparse']);
    const composite = JSON.parse(
      json('tensorflow.TensorInfo', {
        composite_tensor: { type_spec: { type_spec_class: 3 }, components: [{ name: 'c:0' }] },
      }),
    ) as { composite_tensor: { type_spec: object; components: object[] } };
    assert.deepEqual(composite.composite_tensor, {
      type_spec: {
        type_spec_class: 'RAGGED_TENSOR_SPEC',
        type_spec_class_name: '',
        num_flat_components: 0,
      },
      components: [{ name: 'c:0', dtype: 'DT_INVALID' }],
    });
  });

  it('prints every field of a TensorProto', () => {
    const text = json('tensorflow.TensorProto', {
      tensor_content: Buffer.from([251, 255, 0, 1]),
      int_val: [-1],
      string_val: [Buffer.from('hi')],
      int64_val: ['-9223372036854775808'],
      bool_val: [true],
      uint32_val: [4294967295],
      uint64_val: ['18446744073709551615'],
    });
    assert.deepEqual(Object.entries(JSON.parse(text) as object), [
      ['dtype', 'DT_INVALID'],
      ['version_number', 0],
      ['tensor_content', '+/8AAQ=='],
      ['float_val', []],
      ['double_val', []],
      ['int_val', [-1]],
      ['string_val', ['aGk=']],
      ['scomplex_val', []],
      ['int64_val', ['-9223372036854775808']],
      ['bool_val', [true]],
      ['dcomplex_val', []],
      ['half_val', []],
      ['resource_handle_val', []],
      ['variant_val', []],
      ['uint32_val', [4294967295]],
      ['uint64_val', ['18446744073709551615']],
      ['float8_val', ''],
    ]);
  });

  it('prints wrappers as their value and unknown enum values as numbers', () => {
    assert.equal(
      json('tensorflow.serving.ModelSpec', { name: 'm', version: { value: '0' } }),
      '{\n "name": "m",\n "version": "0",\n "signature_name": ""\n}\n',
    );
    assert.equal(json('tensorflow.TensorInfo', { dtype: 999 }), '{\n "dtype": 999\n}\n');
  });

  it('sorts map keys, and keeps one that means something to JavaScript', () => {
    const type = root.lookupType('tensorflow.ConfigProto');
    const bytes = ['b', '__proto__', 'a'].flatMap((key) => [
      ...[10, key.length + 2], // device_count
      ...[10, key.length, ...Buffer.from(key)],
    ]);
    const text = protoJson(type, type.decode(Uint8Array.from(bytes)));
    assert.match(text, /"device_count": \{\n {2}"__proto__": 0,\n {2}"a": 0,\n {2}"b": 0\n \}/);
  });

  it("prints a float with C's %g: the fewest digits that suffice, else nine", () => {
    for (const [value, text] of [
      [0, '0'],
      [-0, '-0'],
      [1, '1'],
      [0.1, '0.1'],
      [-2.5, '-2.5'],
      [100000, '100000'],
      [1e6, '1e+06'],
      [1234567, '1234567'],
      [16777216, '16777216'],
      [0.0001, '0.0001'],
      [0.00001, '1e-05'],
      [1 / 3, '0.333333343'],
      [2 ** -13, '0.000122070312'], // a tie: to the even digit
      [3.4028234663852886e38, '3.40282347e+38'],
      [1e-45, '1.4013e-45'],
      [NaN, '"NaN"'],
      [Infinity, '"Infinity"'],
      [-Infinity, '"-Infinity"'],
    ] as const) {
      assert.equal(printed('float_val', value), text);
    }
  });

  it('prints a double with 15 digits, or 17', () => {
    for (const [value, text] of [
      [0.1, '0.1'],
      [1 / 3, '0.33333333333333331'],
      [0.30000000000000004, '0.30000000000000004'],
      [123456789012345680, '1.2345678901234568e+17'],
      [1e15, '1e+15'],
      [1e14, '100000000000000'],
      [5e-324, '4.94065645841247e-324'],
      [1.7976931348623157e308, '1.7976931348623157e+308'],
    ] as const) {
      assert.equal(printed('double_val', value), text);
    }
  });

  it('escapes what the C++ library escapes', () => {
    const { fullName } = root.lookupType('tensorflow.TensorInfo');
    const name = (text: string): unknown =>
      /"name": (".*"),/.exec(json(fullName, { name: text }))?.[1];
    assert.equal(name('"\\/\b\f\n\r\t'), '"\\"\\\\/\\b\\f\\n\\r\\t"');
    assert.equal(name('<a>\u0001\u007f'), '"\\u003ca\\u003e\\u0001\\u007f"');
    assert.equal(name('\u2028\u{e0001}'), '"\\u2028\\udb40\\udc01"');
    assert.equal(name('äöü 漢 \u{1f600}'), '"äöü 漢 \u{1f600}"');
  });
});

import assert from 'node:assert/strict';

import { OP_SETS } from '../../../src/config/op-sets.js';
import { KNOWN_OPS } from '../../../src/servables/known-ops.js';
import { explainMissingOp } from '../../../src/servables/missing-ops.js';
import { ServingError, StatusCode } from '../../../src/status/serving-error.js';

/** The text for what TensorFlow says of an op. */
function explained(op: string): string {
  const text = `Op type not registered '${op}' in binary running on host. Make sure the Op and Kernel …`;
  const error = new ServingError(StatusCode.NOT_FOUND, text);
  const better = explainMissingOp(error, () => '2.21.0');
  assert.ok(better instanceof ServingError);
  assert.equal(better.code, StatusCode.NOT_FOUND);
  assert.equal(better.cause, error);
  return better.message;
}

describe('explainMissingOp', () => {
  it('names the flag that brings the op', () => {
    for (const op of ['TFText>NgramsStringJoin', 'FastWordpieceTokenizeWithOffsets', 'RougeL']) {
      assert.equal(
        explained(op),
        `Op type not registered '${op}': it is an op of TensorFlow Text; start the server with --ops=text`,
      );
    }
  });

  it('names the library that has the op, where no flag brings it', () => {
    assert.equal(
      explained('SimpleMLInferenceOpWithHandle'),
      "Op type not registered 'SimpleMLInferenceOpWithHandle': it is an op of TensorFlow Decision Forests; " +
        'give a build of it for TensorFlow 2.21.0 with --custom_op_libraries=FILE.so',
    );
    assert.match(explained('SentencepieceEncodeSparse'), / op of tf_sentencepiece;/);
    assert.match(explained('Addons>Resampler'), / op of TensorFlow Addons;/);
    assert.match(explained('TFText>New'), / op of another version of TensorFlow Text;/);
  });

  it('says how to give a library where nobody knows the op', () => {
    assert.equal(
      explained('Mine'),
      "Op type not registered 'Mine': neither TensorFlow 2.21.0 nor a loaded op library has it; " +
        'give the library that has it with --custom_op_libraries=FILE.so',
    );
  });

  it('leaves other errors alone', () => {
    const other = new ServingError(StatusCode.NOT_FOUND, 'no such folder');
    const version = (): string => assert.fail('not asked for');
    assert.equal(explainMissingOp(other, version), other);
    assert.equal(explainMissingOp(null, version), null);
  });

  it('knows the ops of each set, and calls each by a name', () => {
    assert.deepEqual(Object.keys(KNOWN_OPS), OP_SETS);
    for (const op of Object.values(KNOWN_OPS).flat()) {
      assert.doesNotMatch(explained(op), /undefined|custom_op_libraries/);
    }
  });
});

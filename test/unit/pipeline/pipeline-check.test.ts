import assert from 'node:assert/strict';

import { checkPipeline, type PipelineSignature } from '../../../src/pipeline/pipeline-check.js';
import { parsePipeline } from '../../../src/pipeline/pipeline-config.js';
import { Recursion } from '../../../src/pipeline/recursion.js';
import {
  readSignatures,
  writeSignatures,
  type Signatures,
  type SignatureSpec,
} from '../../../src/servables/signature-def-map.js';
import type { TensorSpec } from '../../../src/servables/tensor-spec.js';
import { ServingError, StatusCode } from '../../../src/status/serving-error.js';

const TEXT = `
input { name: "x" } input { name: "flag" }
step { name: "a" model: "ma" input { to: "in" from: "x" } if: "flag" }
step { name: "b" model: "mb" input { to: "in" from: "a.y" else: "x" } }
output { name: "z" from: "b.y" }
output { name: "mid" from: "a.y" else: "x" }
`;
const DEFINITION = parsePipeline(Buffer.from(TEXT), 'pipeline.pbtxt');

const spec = (dtype: string, shape: readonly number[] | null): TensorSpec => ({ dtype, shape });
const FLOATS = spec('DT_FLOAT', [-1]);

function model(
  inputs: Readonly<Record<string, TensorSpec>>,
  outputs: Readonly<Record<string, TensorSpec>>,
  defaults: readonly string[] = [],
): Signatures {
  const signature: SignatureSpec = {
    inputs: new Map(Object.entries(inputs)),
    outputs: new Map(Object.entries(outputs)),
    defaults: new Set(defaults),
  };
  return new Map([['serving_default', signature]]);
}

const PLAIN = model({ in: FLOATS }, { y: FLOATS });

function refusal(a: Signatures, b: Signatures, declared: PipelineSignature | null = null): string {
  try {
    checkPipeline(DEFINITION, [a, b], declared);
  } catch (thrown) {
    assert.ok(thrown instanceof ServingError);
    assert.equal(thrown.code, StatusCode.FAILED_PRECONDITION);
    return thrown.message;
  }
  return 'none';
}

describe('A pipeline against its models', () => {
  it('has the dtypes and shapes of what its steps take and put out', () => {
    const narrow = model({ in: spec('DT_FLOAT', [8]) }, { y: spec('DT_INT64', [-1, 3]) });
    const { inputs, outputs } = checkPipeline(DEFINITION, [PLAIN, narrow]);
    assert.deepEqual(Object.fromEntries(inputs), {
      x: spec('DT_FLOAT', [8]),
      flag: spec('DT_BOOL', []),
    });
    assert.deepEqual(Object.fromEntries(outputs), {
      z: spec('DT_INT64', [-1, 3]),
      mid: spec('DT_FLOAT', [-1]),
    });
    const read = readSignatures(writeSignatures(new Map([['s', { inputs, outputs }]]))).get('s');
    assert.deepEqual(read, { inputs, outputs, defaults: new Set() });
  });

  it('is refused where they do not fit, with step, tensor, what was expected and what is given', () => {
    const needy = model({ in: FLOATS, more: FLOATS }, { y: FLOATS });
    assert.equal(
      refusal(PLAIN, needy),
      'step "b": model "mb", signature "serving_default" needs input "more", DT_FLOAT [-1], which the ' +
        'step does not give',
    );
    assert.equal(
      refusal(PLAIN, model({ in: FLOATS, more: FLOATS }, { y: FLOATS }, ['more'])),
      'none',
    );
    assert.equal(
      refusal(model({ in: FLOATS }, { y: spec('DT_INT32', [-1]) }), PLAIN),
      'step "b", input "in" of model "mb", signature "serving_default": expected DT_FLOAT [-1], but ' +
        '"a.y" is DT_INT32 [-1]',
    );
    assert.match(
      refusal(PLAIN, model({ in: spec('DT_FLOAT', [-1, 2]) }, { y: FLOATS })),
      /^step "b", input "in" .*: expected DT_FLOAT \[-1,2\], but "a.y" is DT_FLOAT \[-1\]$/,
    );
    assert.match(
      refusal(
        model({ in: spec('DT_FLOAT', [4]) }, { y: spec('DT_FLOAT', null) }),
        model({ in: spec('DT_FLOAT', [5]) }, { y: FLOATS }),
      ),
      /^step "b", input "in" .*: expected DT_FLOAT \[5\], but "x" is DT_FLOAT \[4\]$/,
    );
    assert.match(
      refusal(PLAIN, model({ other: FLOATS }, { y: FLOATS })),
      /has no input "in", expected one of "other"/,
    );
    assert.match(
      refusal(PLAIN, model({ in: FLOATS }, { q: FLOATS })),
      /^step "b": .* has no output "y"/,
    );
    assert.match(
      refusal(PLAIN, new Map()),
      /^step "b": model "mb" has no signature "serving_default"/,
    );
  });

  it('must stay what clients know of it', () => {
    const declared = checkPipeline(DEFINITION, [PLAIN, PLAIN]);
    assert.equal(refusal(PLAIN, PLAIN, declared), 'none');
    assert.equal(
      refusal(PLAIN, model({ in: FLOATS }, { y: spec('DT_STRING', [-1]) }), declared),
      'step "b": output "z" of the pipeline was DT_FLOAT [-1] at its load, and is DT_STRING [-1] now',
    );
    const doubles = spec('DT_DOUBLE', [-1]);
    assert.match(
      refusal(model({ in: doubles }, { y: FLOATS }), PLAIN, declared),
      /^step "a", input "in" .*: expected DT_DOUBLE \[-1\], but "x" is DT_FLOAT \[-1\]$/,
    );
  });

  it('does not run itself, by whatever way', () => {
    const recursion = new Recursion();
    const id = (name: string, version = 1n) => ({ name, version });
    assert.deepEqual(recursion.add(id('p'), ['m', 'p']), ['p', 'p']);
    assert.equal(recursion.add(id('p'), ['m', 'q']), null);
    assert.equal(recursion.add(id('q'), ['r', 'm']), null);
    assert.deepEqual(recursion.add(id('r'), ['n', 'p']), ['r', 'p', 'q', 'r']);
    recursion.delete(id('q'));
    assert.equal(recursion.add(id('r'), ['n', 'p']), null);
    assert.deepEqual(recursion.add(id('q', 2n), ['r']), ['q', 'r', 'p', 'q']);
  });
});

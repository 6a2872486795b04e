import assert from 'node:assert/strict';

import { parsePipeline } from '../../../src/pipeline/pipeline-config.js';
import { ServingError, StatusCode } from '../../../src/status/serving-error.js';

const FILE = '/m/1/pipeline.pbtxt';
const GOOD = `
input { name: "x" }
step { name: "b" model: "mb" label: "stable" input { to: "in" from: "a.mid" } }
step { name: "a" model: "ma" version: 3 input { to: "in" from: "x" } output { name: "y" as: "mid" } }
output { name: "z" from: "b.y" }
`;

const parse = (text: string): ReturnType<typeof parsePipeline> =>
  parsePipeline(Buffer.from(text), FILE);

/** The error's text without the file's name. */
function refusal(text: string): string {
  try {
    parse(text);
  } catch (thrown) {
    assert.ok(thrown instanceof ServingError);
    const { code, isPermanent, message } = thrown;
    assert.deepEqual([code, isPermanent], [StatusCode.INVALID_ARGUMENT, true]);
    assert.ok(message.startsWith(`${FILE}: `), message);
    return message.slice(FILE.length + 2);
  }
  return 'none';
}

const IN = 'input { name: "x" } ';
const step = (name: string, from: string, more = ''): string =>
  `step { name: "${name}" model: "m" input { to: "in" from: "${from}" } ${more} } `;
const out = (from: string, more = ''): string => `output { name: "z" from: "${from}" ${more} }`;

describe('pipeline.pbtxt', () => {
  it('is a list of steps, each behind those that it takes from', () => {
    const { signature, inputs, steps, outputs } = parse(GOOD);
    assert.deepEqual([signature, inputs], ['serving_default', ['x']]);
    assert.deepEqual(
      steps.map(({ name, version, label, fetches }) => [name, version, label, fetches]),
      [
        ['a', 3n, null, ['y']],
        ['b', null, 'stable', ['y']],
      ],
    );
    assert.deepEqual(steps[1]?.inputs, [
      { to: 'in', from: { step: 0, name: 'y', text: 'a.mid' }, otherwise: null },
    ]);
    assert.deepEqual(outputs, [
      { name: 'z', from: { step: 1, name: 'y', text: 'b.y' }, otherwise: null },
    ]);
  });

  it('is refused for what can be seen without the models', () => {
    const flag = 'input { name: "f" } ';
    const cases: Readonly<Record<string, string>> = {
      [IN + out('x')]: 'it has no step',
      [IN + step('a', 'x')]: 'it has no output',
      [IN + 'step { model: "m" } ' + out('x')]: 'step[0] has no name',
      [IN + step('a.b', 'x') + out('x')]:
        'step "a.b": expected a name of letters, digits, "_" and "-"',
      [IN + step('request', 'x') + out('x')]: 'step "request": the name stands for the request',
      [IN + step('a', 'x') + step('a', 'x') + out('a.y')]: 'there are two of step "a"',
      [IN + IN + step('a', 'x') + out('a.y')]: 'there are two of input "x"',
      [IN + step('a', 'x') + out('a.y') + out('a.y')]: 'there are two of output "z"',
      [IN + 'step { name: "a" } ' + out('a.y')]: 'step "a": it has no model',
      [IN + step('a', 'x', 'version: 1 label: "l"') + out('a.y')]:
        'step "a": it has a version and a label',
      [IN + step('a', 'x', 'input { to: "in" from: "x" }') + out('a.y')]:
        'step "a": there are two of input "in"',
      [IN + step('a', 'x', 'if: "x" unless: "x"') + out('a.y')]:
        'step "a": it has "if" and "unless"',
      [IN + step('a', 'X') + out('a.y')]:
        'step "a", input "in": there is no input "X", expected one of "x"',
      [IN + step('a', 'x') + out('b.y')]: 'output "z": there is no step "b", expected one of "a"',
      [IN + step('a', 'x', 'output { name: "y" as: "mid" }') + out('a.y')]:
        'output "z": step "a" has no output "y", expected one of "mid"',
      [IN + step('a', 'b.y') + step('b', 'c.y') + step('c', 'a.y') + out('a.y')]:
        'the steps run in a circle: a -> b -> c -> a',
      [IN + step('a', 'a.y') + out('a.y')]: 'the steps run in a circle: a -> a',
      [IN + step('a', 'x') + step('b', 'x') + out('a.y')]: 'step "b": nobody takes an output of it',
      [IN + flag + step('a', 'x') + out('a.y')]: 'input "f": no step takes it',
      [IN + flag + step('a', 'x', 'if: "f"') + out('a.y')]:
        'output "z": "a.y" may be skipped: give it an "else"',
      [IN + flag + step('a', 'x', 'if: "f"') + step('b', 'a.y') + out('b.y', 'else: "a.y"')]:
        'output "z": both sources may be skipped: one of them must always be there',
    };
    for (const [text, why] of Object.entries(cases)) assert.equal(refusal(text), why, text);
    const tooMany = Array.from({ length: 257 }, (_, i) => step(`s${i}`, 'x')).join('');
    assert.equal(refusal(IN + tooMany + out('x')), 'it has 257 steps, at most 256 may be');
  });

  it('knows that of two opposite conditions one holds', () => {
    const flag = 'input { name: "f" } ';
    const both = step('a', 'x', 'if: "f"') + step('b', 'x', 'unless: "f"');
    parse(IN + flag + both + out('a.y', 'else: "b.y"'));
    const joined = 'step { name: "c" model: "m" input { to: "in" from: "a.y" else: "b.y" } } ';
    parse(IN + flag + both + joined + out('c.y'));
    parse(IN + flag + step('a', 'x', 'if: "f"') + out('a.y', 'else: "x"'));
    const within = step('c', 'a.y', 'if: "a.g"') + step('d', 'a.y', 'unless: "a.g"');
    const inner = step('e', 'x', 'unless: "f"');
    const merged = 'step { name: "h" model: "m" input { to: "in" from: "c.y" else: "d.y" } } ';
    parse(
      IN + flag + step('a', 'x', 'if: "f"') + within + inner + merged + out('h.y', 'else: "e.y"'),
    );
  });

  it('names line and column of what is no text format', () => {
    try {
      parse('input { name: "x" }\nstep { name: 3 }');
      assert.fail('it was taken');
    } catch (thrown) {
      assert.ok(thrown instanceof ServingError);
      assert.match(thrown.violations[0]?.field ?? '', /^\/m\/1\/pipeline\.pbtxt:2:14$/);
    }
  });

  it('throws nothing but its own errors, whatever is cut off or changed', () => {
    let seed = 12_345;
    const random = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff;
      return seed % below;
    };
    const bytes = Buffer.from(GOOD + step('c', 'x', 'if: "a.mid" unless: ""') + out('c.y'));
    const tries = [...bytes.keys()].map((length) => bytes.subarray(0, length));
    for (let i = 0; i < 3000; ++i) {
      const changed = Buffer.from(bytes);
      for (let n = random(4); n >= 0; --n) {
        changed[random(changed.length)] =
          random(2) === 0 ? random(256) : (bytes[random(bytes.length)] ?? 0);
      }
      const at = random(changed.length);
      tries.push(random(3) === 0 ? Buffer.concat([changed, changed.subarray(at)]) : changed);
    }
    let refused = 0;
    for (const text of tries) {
      try {
        parsePipeline(text, FILE);
      } catch (thrown) {
        assert.ok(thrown instanceof ServingError, String(thrown));
        assert.equal(thrown.code, StatusCode.INVALID_ARGUMENT, thrown.message);
        ++refused;
      }
    }
    assert.ok(refused > tries.length / 2, `${refused} of ${tries.length}`);
  });
});

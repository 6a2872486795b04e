import assert from 'node:assert/strict';

import { Arguments, versionOf } from '../../../src/cli/arguments.js';
import { UsageError } from '../../../src/cli/usage-error.js';

const parse = (...argv: string[]): Arguments => new Arguments(argv, ['json'], ['server']);
const usage = (message: string): object => ({ name: 'UsageError', message });

describe('Arguments', () => {
  it('takes switches, values and the rest in any order; the last value wins', () => {
    const given = parse('m', '--server=a:1', '--json', 'x=1', '--server=b=c');
    assert.deepEqual(given.positional, ['m', 'x=1']);
    assert.equal(given.has('json'), true);
    assert.equal(given.value('server'), 'b=c');
    assert.equal(parse().has('json'), false);
    assert.equal(parse().value('server'), null);
    assert.equal(parse('--server=').value('server'), '');
  });

  for (const [argument, message] of [
    ['--nope', 'unknown option --nope'],
    ['--nope=1', 'unknown option --nope=1'],
    ['--json=true', 'unknown option --json=true'],
    ['--server', '--server needs a value: --server=…'],
    ['--', 'unknown option --'],
  ] as const) {
    it(`refuses ${argument}`, () => {
      assert.throws(() => parse(argument), usage(message));
    });
  }

  it('counts the positional arguments', () => {
    assert.deepEqual(parse('a', 'b').take(1, 2), ['a', 'b']);
    assert.throws(() => parse('a').take(2, 2), usage('arguments are missing'));
    assert.throws(() => parse('a', 'b').take(0, 1), usage('unexpected argument b'));
  });
});

describe('versionOf', () => {
  it('takes what fits int64', () => {
    assert.equal(versionOf('0'), 0n);
    assert.equal(versionOf('9223372036854775807'), 2n ** 63n - 1n);
  });

  for (const text of ['', '-1', '1.5', '0x1', ' 1', 'one', '9223372036854775808']) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => versionOf(text), UsageError);
    });
  }
});

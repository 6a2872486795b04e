/** The log's lines as people see them. */
import assert from 'node:assert/strict';

import { prettyLine } from '../../../src/log/pretty-log.js';

const noon = new Date(2026, 0, 2, 12, 0, 5).getTime();
const line = (more: object): string => JSON.stringify({ level: 30, time: noon, ...more });

describe('prettyLine', () => {
  it('has time, level, message and the rest', () => {
    const json = line({ model: 'm', code: 'NOT_FOUND', error: 'no model', n: 1, msg: 'failed' });
    assert.equal(
      prettyLine(json, false),
      '12:00:05 INFO  failed  model=m  code=NOT_FOUND  error="no model"  n=1\n',
    );
  });

  it('has the level in colour', () => {
    assert.equal(
      prettyLine(line({ level: 40, msg: 'x' }), true),
      '12:00:05 \u001b[33mWARN \u001b[0m x\n',
    );
  });

  it('shows nested values as JSON', () => {
    const json = line({ violations: [{ field: 'a' }], msg: 'x' });
    assert.equal(prettyLine(json, false), '12:00:05 INFO  x  violations=[{"field":"a"}]\n');
  });

  it('lets no text steer the terminal or begin a line', () => {
    const text = prettyLine(line({ msg: 'a\u001b[2J\nb\u009b' }), false);
    assert.equal(text, '12:00:05 INFO  a\\u001b[2J\\u000ab\\u009b\n');
  });

  it('leaves what is no JSON as it is', () => {
    assert.equal(prettyLine('text\n', true), 'text\n');
  });
});

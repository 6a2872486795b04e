import assert from 'node:assert/strict';

import { checkLabels, targetOf } from '../../../src/cli/rollback.js';
import { singleModel } from '../../../src/config/model-config.js';
import { StatusCode } from '../../../src/status/serving-error.js';

const config = singleModel('m', '/m');
const refused = (message: string): object => ({ code: StatusCode.FAILED_PRECONDITION, message });

describe('The version that a rollback goes to', () => {
  it('is the highest on disk below the one that serves', () => {
    assert.equal(targetOf({ config, found: [9n, 7n, 3n, 1n] }, 7n, null), 3n);
  });

  it('is the one that is named, if it is on disk, higher or lower', () => {
    assert.equal(targetOf({ config, found: [3n, 2n, 1n] }, 2n, 1n), 1n);
    assert.equal(targetOf({ config, found: [3n, 2n, 1n] }, null, 3n), 3n);
    assert.throws(
      () => targetOf({ config, found: [2n] }, 2n, 1n),
      refused('model m has no version 1 on disk; /m has: 2'),
    );
  });

  it('is refused where there is none', () => {
    assert.throws(
      () => targetOf({ config, found: [2n] }, 2n, null),
      refused('model m has no version before 2; /m has: 2'),
    );
    assert.throws(
      () => targetOf({ config, found: [] }, 2n, null),
      refused('model m has no version before 2; /m has: none'),
    );
    assert.throws(
      () => targetOf({ config, found: [2n, 1n] }, null, null),
      refused('model m has no version AVAILABLE; use --to'),
    );
  });

  it('must not leave a label behind', () => {
    const labels = new Map([
      ['old', new Map([[1n, 1]])],
      [
        'canary',
        new Map([
          [1n, 9],
          [2n, 1],
        ]),
      ],
    ]);
    assert.throws(
      () => checkLabels({ ...config, labels }, 1n),
      refused(
        'label canary of model m stands for version 2, which would be unloaded; remove it first: ' +
          'tensorgate labels remove m canary',
      ),
    );
    labels.delete('canary');
    checkLabels({ ...config, labels }, 1n);
  });
});

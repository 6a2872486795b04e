import assert from 'node:assert/strict';

import { familyText } from './family-text.js';
import { inFlightFamily } from '../../../src/metrics/version-metrics.js';

describe('inFlightFamily', () => {
  it('has a sample for each version', () => {
    const family = inFlightFamily(['idle', '1', 0, 'm', '9007199254740993', 2]);
    assert.deepEqual([...familyText(family)].join('').split('\n').slice(1, 3), [
      ':tensorgate:requests_in_flight{model_name="idle",version="1"} 0',
      ':tensorgate:requests_in_flight{model_name="m",version="9007199254740993"} 2',
    ]);
  });
});

import assert from 'node:assert/strict';

import { planFamilies } from '../../../src/metrics/plan-metrics.js';
import { familyText } from './family-text.js';

describe('Metrics of execution plans', () => {
  it('have the plan in use, and the times of the trial', () => {
    const plan = {
      plan: 'frozen',
      callerThread: false,
      times: [
        { plan: 'as-saved', callerThread: true, micros: 12.5 },
        { plan: 'frozen', callerThread: false, micros: 9 },
      ],
    };
    const text = planFamilies([{ name: 'm', version: 3n, plan }])
      .flatMap((family) => [...familyText(family)])
      .join('');
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    assert.deepEqual(lines, [
      ':tensorgate:plan{model_name="m",version="3",plan="frozen",threads="pool"} 1',
      ':tensorgate:plan_trial_microseconds{model_name="m",version="3",plan="as-saved",threads="caller"} 12.5',
      ':tensorgate:plan_trial_microseconds{model_name="m",version="3",plan="frozen",threads="pool"} 9',
    ]);
  });

  it('have no samples of what is not loaded', () => {
    for (const family of planFamilies([])) assert.deepEqual([...family.samples()], []);
  });
});

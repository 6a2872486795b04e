import assert from 'node:assert/strict';

import { BatchingAdmission } from '../../../src/servables/batching-admission.js';

/** How many of the requests that come while `inFlight` others run without a task may do so, too. */
function admitted(admission: BatchingAdmission, requests: number, inFlight: number): number {
  for (let i = 0; i < inFlight; ++i) admission.directBegan();
  const answers = Array.from({ length: requests }, () => admission.admit());
  for (let i = 0; i < inFlight; ++i) admission.directEnded();
  return answers.filter((isAdmitted) => isAdmitted).length;
}

function batch(admission: BatchingAdmission, tasks: number): void {
  for (let i = 0; i < tasks; ++i) admission.taskCame();
  admission.batchFormed(tasks);
  admission.tasksWent(tasks);
}

describe('BatchingAdmission', () => {
  it('lets requests run without a task while few do so at a time', () => {
    const admission = new BatchingAdmission(1, 4);
    assert.equal(admitted(admission, 100, 0), 100);
    assert.equal(admitted(admission, 1000, 3), 1000);
  });

  it('lets those of a short rush run without a task, but none of one that lasts', () => {
    const admission = new BatchingAdmission(1, 4);
    assert.equal(admitted(admission, 16, 8), 16);
    assert.ok(admitted(admission, 1000, 8) < 100);
    assert.equal(admitted(admission, 1, 0), 0);
    assert.ok(admitted(admission, 1000, 0) > 900);
  });

  it('lets no more than 32 for each thread run at once without a task', () => {
    assert.equal(admitted(new BatchingAdmission(1, 4), 1, 31), 1);
    assert.equal(admitted(new BatchingAdmission(1, 4), 1, 32), 0);
    assert.equal(admitted(new BatchingAdmission(2, 4), 1, 63), 1);
  });

  it('knows from which concurrency on those had better come that need not', () => {
    assert.deepEqual(new BatchingAdmission(2, 4).limits, { average: 8, atOnce: 64 });
    assert.deepEqual(new BatchingAdmission(1, 16).limits, { average: 16, atOnce: 32 });
    const admission = new BatchingAdmission(1, Infinity);
    admission.taskCame();
    assert.equal(admission.limits, null);
  });

  it('lets no request overtake a task', () => {
    const admission = new BatchingAdmission(1, 4);
    admission.taskCame();
    assert.equal(admitted(admission, 1, 0), 0);
    assert.deepEqual(admission.limits, { average: 0, atOnce: 0 });
    admission.tasksWent(1);
    assert.equal(admitted(admission, 1, 0), 1);
  });

  it('makes every request a task while batches have two and more', () => {
    const admission = new BatchingAdmission(1, 4);
    for (let i = 0; i < 20; ++i) batch(admission, 3);
    assert.equal(admitted(admission, 1, 0), 0);
    for (let i = 0; i < 100; ++i) batch(admission, 1);
    assert.equal(admitted(admission, 1, 0), 1);
    batch(admission, 2);
    assert.equal(admitted(admission, 1, 0), 1, 'that two meet once says nothing');
  });
});

import assert from 'node:assert/strict';

import { Company } from '../../../src/servables/company.js';

/** How many of the requests that come while `inFlight` others run without a task may do so, too. */
function admitted(company: Company, requests: number, inFlight: number): number {
  for (let i = 0; i < inFlight; ++i) company.directBegan();
  const answers = Array.from({ length: requests }, () => company.admit());
  for (let i = 0; i < inFlight; ++i) company.directEnded();
  return answers.filter((isAdmitted) => isAdmitted).length;
}

function batch(company: Company, tasks: number): void {
  for (let i = 0; i < tasks; ++i) company.taskCame();
  company.batchFormed(tasks);
  company.tasksWent(tasks);
}

describe('Company', () => {
  it('lets requests run without a task while few do so at a time', () => {
    const company = new Company(1, 4);
    assert.equal(admitted(company, 100, 0), 100);
    assert.equal(admitted(company, 1000, 3), 1000);
  });

  it('lets those of a short crowd run without a task, but none of one that lasts', () => {
    const company = new Company(1, 4);
    assert.equal(admitted(company, 16, 8), 16);
    assert.ok(admitted(company, 1000, 8) < 100);
    assert.equal(admitted(company, 1, 0), 0);
    assert.ok(admitted(company, 1000, 0) > 900);
  });

  it('lets no more than 32 for each thread run at once without a task', () => {
    assert.equal(admitted(new Company(1, 4), 1, 31), 1);
    assert.equal(admitted(new Company(1, 4), 1, 32), 0);
    assert.equal(admitted(new Company(2, 4), 1, 63), 1);
  });

  it('knows from which crowd on those had better come that need not', () => {
    assert.deepEqual(new Company(2, 4).limits, { average: 8, atOnce: 64 });
    assert.deepEqual(new Company(1, 16).limits, { average: 16, atOnce: 32 });
    const company = new Company(1, Infinity);
    company.taskCame();
    assert.equal(company.limits, null);
  });

  it('lets no request overtake a task', () => {
    const company = new Company(1, 4);
    company.taskCame();
    assert.equal(admitted(company, 1, 0), 0);
    assert.deepEqual(company.limits, { average: 0, atOnce: 0 });
    company.tasksWent(1);
    assert.equal(admitted(company, 1, 0), 1);
  });

  it('makes every request a task while batches have two and more', () => {
    const company = new Company(1, 4);
    for (let i = 0; i < 20; ++i) batch(company, 3);
    assert.equal(admitted(company, 1, 0), 0);
    for (let i = 0; i < 100; ++i) batch(company, 1);
    assert.equal(admitted(company, 1, 0), 1);
    batch(company, 2);
    assert.equal(admitted(company, 1, 0), 1, 'that two meet once says nothing');
  });
});

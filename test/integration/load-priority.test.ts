import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';

import { demoModel, load, nothingAlive, predictJson } from './models.js';

/** The niceness of this process's threads, by name. */
function nicenesses(): Map<string, Set<number>> {
  const found = new Map<string, Set<number>>();
  for (const thread of readdirSync('/proc/self/task')) {
    const stat = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8');
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    const niceness = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]); // field 19
    found.set(name, (found.get(name) ?? new Set()).add(niceness));
  }
  return found;
}

describe('The load pool', () => {
  it('yields the CPU to requests after the first load; no other thread does', async () => {
    for (let i = 0; i < 2; ++i) {
      const model = await load(demoModel('half_plus_two'));
      await predictJson(model, '{"instances": [1.0]}');
      await model.unload();
    }
    await nothingAlive();
    const own = getPriority();
    const found = nicenesses();
    const loading = found.get('tensorgate-load');
    assert.ok(loading?.delete(Math.min(19, own + 10)));
    if (loading?.size === 0) found.delete('tensorgate-load'); // those left had no work since
    assert.ok(found.has('tensorgate-run'));
    for (const [name, values] of found) assert.deepEqual(values, new Set([own]), name);
  });
});

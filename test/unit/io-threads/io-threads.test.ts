import assert from 'node:assert/strict';

import { IoThreads } from '../../../src/io-threads/io-threads.js';

/** A worker's script that answers every question with nothing, and does `more`. */
function script(more: string): URL {
  const text = `
    import { parentPort } from 'node:worker_threads';
    parentPort.on('message', ([, number, kind]) => {
      if (kind === 'destroy') { ${more} }
      if (kind === 'end') process.exit(0);
      parentPort.postMessage(['answer', number, undefined]);
    });`;
  return new URL(`data:text/javascript,${encodeURIComponent(text)}`);
}

const handlers = {
  reload: ({ request }: { request: Uint8Array }) => request,
  admin: () => new Uint8Array(),
  left: () => undefined,
  verify: () => 0,
  page: () => new Uint8Array(),
  run: () => 0,
};

describe('IoThreads', () => {
  it('asks all of them, and ends them without a word', async () => {
    const onDeath = (error: Error): void => assert.fail(error);
    const threads = new IoThreads({ count: 2, script: script(''), handlers, onDeath });
    await threads.askAll('drain', null);
    await threads.end();
    await assert.rejects(threads.askAll('drain', null), /has ended/);
  });

  for (const [what, more, text] of [
    ['throws', 'throw new Error("a bug");', /^I\/O thread \d has ended: a bug$/],
    ['exits', 'process.exit(3);', /^I\/O thread \d has ended: exit code 3$/],
  ] as const) {
    it(`tells once of a thread that ${what}, whose questions then fail`, async () => {
      const deaths: string[] = [];
      const onDeath = (error: Error): void => void deaths.push(error.message);
      const threads = new IoThreads({ count: 2, script: script(more), handlers, onDeath });
      await assert.rejects(threads.askAll('destroy', null), /has ended/);
      await threads.end();
      assert.equal(deaths.length, 1);
      assert.match(deaths[0] ?? '', text);
    });
  }
});

/** What must go through a proxy as it goes without. */
import assert from 'node:assert/strict';

import { BODY, checkAnswer, checkLargeAnswer, LARGE_BODY, PREDICT, STATUS } from './served.js';

const SIDE_BY_SIDE = 8;
const ROUNDS = 10;

/** Asks the proxy on that port for all there is, and fails where an answer is not the server's. */
export async function checkThroughProxy(port: number): Promise<void> {
  const url = `http://127.0.0.1:${port}`;
  const ask = (target: string, init: RequestInit = {}): Promise<Response> =>
    fetch(url + target, { ...init, signal: AbortSignal.timeout(8000) });
  const predict = async (body: string): Promise<string> => {
    const answer = await ask(PREDICT, { method: 'POST', body });
    assert.equal(answer.status, 200);
    return answer.text();
  };
  assert.match(await (await ask(STATUS)).text(), /"state": "AVAILABLE"/);
  assert.equal((await ask('/nope')).status, 404);
  assert.equal((await ask('/nope', { method: 'POST', body: LARGE_BODY })).status, 404);
  assert.equal((await ask(PREDICT, { method: 'POST', body: '{' })).status, 400);
  assert.equal((await ask(STATUS, { method: 'HEAD' })).status, 400); // as upstream
  checkLargeAnswer(await predict(LARGE_BODY));
  for (let round = 0; round < ROUNDS; ++round) {
    const answers = await Promise.all(Array.from({ length: SIDE_BY_SIDE }, () => predict(BODY)));
    answers.forEach(checkAnswer);
  }
}

/** ab: HTTP/1.0, where the end of an answer is that of the connection, or Connection: Keep-Alive. */
import assert from 'node:assert/strict';

import { itWith, outputOf } from './programs.js';
import { bodyFile, PREDICT, server, STATUS } from './served.js';

const REQUESTS = 400;

describe('ab', function () {
  this.timeout(20_000);
  for (const keeps of [false, true]) {
    for (const method of ['GET', 'POST']) {
      itWith('ab', `${method}s ${keeps ? 'with' : 'without'} -k`, async (ab) => {
        const body = method === 'GET' ? [] : ['-p', bodyFile(), '-T', 'application/json'];
        const url = server.restUrl + (method === 'GET' ? STATUS : PREDICT);
        const options = ['-q', '-s', '5', '-n', `${REQUESTS}`, '-c', '4', ...body];
        const output = await outputOf(ab, [...options, ...(keeps ? ['-k'] : []), url]);
        const figure = (name: string): number =>
          Number(new RegExp(`^${name}: +(\\d+)$`, 'm').exec(output)?.[1] ?? 0);
        assert.equal(figure('Complete requests'), REQUESTS);
        assert.equal(figure('Failed requests'), 0);
        assert.equal(figure('Non-2xx responses'), 0);
        assert.equal(figure('Keep-Alive requests'), keeps ? REQUESTS : 0);
      });
    }
  }
});

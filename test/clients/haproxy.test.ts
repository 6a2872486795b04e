/** HAProxy in front, which asks for the model's status to know whether the server is well. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { freePort } from '../wire/server-process.js';
import { Background, itWith } from './programs.js';
import { checkThroughProxy } from './proxied.js';
import { folder, server } from './served.js';

/** By how connections are used. */
const MODES = {
  'as it is by itself': '',
  'with http-reuse always': 'http-reuse always',
  'with a connection for each request': 'option http-server-close',
};

/** The names and the values of a server's line of the page of statistics. */
async function statistics(port: number): Promise<Map<string, string>> {
  const page = await (await fetch(`http://127.0.0.1:${port}/;csv`)).text();
  const [names = [], ...rows] = page.split('\n').map((line) => line.split(','));
  const row = rows.find((cells) => cells[1] === 'tensorgate') ?? [];
  return new Map(names.map((name, i) => [name, row[i] ?? '']));
}

describe('HAProxy', function () {
  this.timeout(20_000);
  for (const [how, line] of Object.entries(MODES)) {
    itWith('haproxy', `brings requests ${how}, and finds the server well`, async (path) => {
      const [port, statisticsPort] = [await freePort(), await freePort()];
      const file = join(folder, 'haproxy.cfg');
      writeFileSync(
        file,
        `
defaults
  mode http
  timeout connect 5s
  timeout client 10s
  timeout server 10s
listen rest
  bind 127.0.0.1:${port}
  option httpchk GET /readyz
  ${line}
  server tensorgate 127.0.0.1:${server.restPort} check inter 100ms
frontend statistics
  bind 127.0.0.1:${statisticsPort}
  stats enable
  stats uri /
`,
      );
      const haproxy = await Background.start(path, ['-db', '-f', file], [port, statisticsPort]);
      try {
        await checkThroughProxy(port);
        let found = await statistics(statisticsPort);
        for (let i = 0; i < 100 && found.get('check_status') === 'INI'; ++i) {
          await delay(20);
          found = await statistics(statisticsPort);
        }
        // With an asterisk while the next check is under way.
        assert.equal(found.get('check_status')?.replace(/^\* /, ''), 'L7OK');
        assert.equal(found.get('status'), 'UP');
        for (const name of ['chkfail', 'econ', 'eresp', 'wretr']) {
          assert.equal(found.get(name), '0', name);
        }
      } finally {
        await haproxy.stop();
      }
    });
  }
});

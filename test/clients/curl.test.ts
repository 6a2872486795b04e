/** curl with the options that change what it sends. */
import assert from 'node:assert/strict';

import { itWith, outputOf } from './programs.js';
import {
  BODY,
  bodyFile,
  checkAnswer,
  checkLargeAnswer,
  LARGE_BODY,
  largeBodyFile,
  PREDICT,
  server,
  socketPath,
  STATUS,
} from './served.js';

const FAILS = ['--silent', '--show-error', '--fail', '--max-time', '8'];

describe('curl', function () {
  this.timeout(20_000);
  const ask = (path: string, target: string, ...options: string[]): Promise<string> =>
    outputOf(path, [...FAILS, ...options, server.restUrl + target]);

  itWith('curl', 'is answered in HTTP/1.0', async (curl) => {
    checkAnswer(await ask(curl, PREDICT, '-0', '-d', BODY));
  });

  itWith('curl', 'keeps a connection of HTTP/1.0 that it asks for', async (curl) => {
    const once = ['-0', '-H', 'Connection: keep-alive', '-w', '\n%{num_connects}\n'];
    const url = server.restUrl + STATUS;
    const output = await outputOf(curl, [...FAILS, ...once, url, '--next', ...FAILS, ...once, url]);
    assert.deepEqual(output.match(/^\d$/gm), ['1', '0']);
  });

  itWith('curl', 'sends a large body once it is told to go on', async (curl) => {
    const patient = ['-H', 'Expect: 100-continue', '--expect100-timeout', '20'];
    checkLargeAnswer(await ask(curl, PREDICT, ...patient, '--data-binary', `@${largeBodyFile()}`));
  });

  itWith('curl', 'has its answer after a body that is passed over', async (curl) => {
    const patient = ['-H', 'Expect: 100-continue', '--expect100-timeout', '20'];
    const asked = ['--max-time', '8', '-s', '-w', '%{http_code} %{num_connects}', ...patient];
    const body = ['-o', '/dev/null', '--data-binary', `@${largeBodyFile()}`];
    assert.equal(await outputOf(curl, [...asked, ...body, `${server.restUrl}/nope`]), '404 1');
  });

  itWith('curl', 'uploads in chunks from a pipe', async (curl) => {
    const upload = ['-X', 'POST', '-T', '-', server.restUrl + PREDICT];
    checkLargeAnswer(await outputOf(curl, [...FAILS, ...upload], LARGE_BODY));
  });

  itWith('curl', 'offers HTTP/2 and goes on with HTTP/1.1', async (curl) => {
    const offer = ['--http2', '-w', '\n%{http_version}'];
    const [answer = '', version] = (
      await ask(curl, PREDICT, ...offer, '--data-binary', `@${largeBodyFile()}`)
    ).split(/\n(?=[^\n]*$)/);
    checkLargeAnswer(answer);
    assert.equal(version, '1.1');
  });

  itWith('curl', 'goes on with the connection after HEAD', async (curl) => {
    const quiet = ['--silent', '--max-time', '8', '-o', '/dev/null', '-w', '%{num_connects}\n'];
    const url = server.restUrl + STATUS;
    const output = await outputOf(curl, [...quiet, '--head', url, '--next', ...quiet, url]);
    assert.deepEqual(output.trim().split('\n'), ['1', '0']);
  });

  itWith('curl', 'is answered over the Unix socket', async (curl) => {
    checkAnswer(await ask(curl, PREDICT, '--unix-socket', socketPath(), '-d', `@${bodyFile()}`));
  });
});

/** Python's http.client, under requests and urllib3. */
import assert from 'node:assert/strict';

import { itWith, outputOf } from './programs.js';
import { BODY, LARGE_BODY, largeBodyFile, PREDICT, server, STATUS } from './served.js';

const CLIENT = `
import http.client, sys
port, predict, status, body, large = sys.argv[1:]
connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=8)
def ask(*args, **more):
    connection.request(*args, **more)
    answer = connection.getresponse()
    return answer.status, len(answer.read()), id(connection.sock)
answers = [ask("GET", status), ask("POST", predict, body), ask("HEAD", status)]
with open(large, "rb") as file:
    answers.append(ask("POST", predict, file.read()))
with open(large, "rb") as file:  # in chunks
    answers.append(ask("POST", predict, file, encode_chunked=True,
                       headers={"Transfer-Encoding": "chunked"}))
answers.append(ask("POST", predict, iter([body[:5].encode(), body[5:].encode()])))
print([status for status, _, _ in answers], answers[3][1] == answers[4][1] > ${LARGE_BODY.length / 2},
      len({sock for _, _, sock in answers}))
`;

describe('http.client', function () {
  this.timeout(20_000);
  itWith('python3', 'asks for all on one connection', async (python) => {
    const args = [`${server.restPort}`, PREDICT, STATUS, BODY, largeBodyFile()];
    const output = await outputOf(python, ['-c', CLIENT, ...args]);
    assert.equal(output.trim(), '[200, 200, 400, 200, 200, 200] True 1');
  });
});

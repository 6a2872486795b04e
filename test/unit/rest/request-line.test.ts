import assert from 'node:assert/strict';

import { htmlPage, refusal } from '../../../src/rest/request-line.js';

describe('The request line', () => {
  it('may have the methods of upstream alone, in upper case', () => {
    for (const method of ['GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
      assert.equal(refusal(method, '/v1/models'), null, method);
    }
    for (const method of ['TRACE', 'CONNECT', 'BREW', 'get', '']) {
      assert.equal(refusal(method, '/v1/models'), '501 Not Implemented', method);
    }
  });

  it('may have a target that is a URI', () => {
    for (const target of [
      '/',
      '*',
      '//v1/models/m',
      '/v1/models/%00%fF:predict',
      "/v1/models/m!$&'()*+,;=:@-._~",
      '/a?b=c?d/e#f?g',
    ]) {
      assert.equal(refusal('GET', target), null, target);
    }
  });

  it('is refused for what must be escaped, as the URI parser of libevent 2.1 refuses it', () => {
    for (const target of [
      '/v1/models/m%zz',
      '/m%2',
      '/m%',
      '/m?a=%zz',
      '/m#%2',
      '/m\u00e9',
      '/m\ufffd',
      '/a#b#c',
      ...Array.from(' "<>[\\]^`{|}\u0001\u007f', (char) => `/m${char}`),
    ]) {
      assert.equal(refusal('GET', target), '400 Bad Request', JSON.stringify(target));
    }
  });

  it('takes a long target in one pass', () => {
    assert.equal(refusal('GET', `/${'%41a'.repeat(200_000)}#`), null);
    assert.equal(refusal('GET', `/#${'a'.repeat(800_000)}`), null);
  });

  it('prints the page of the HTTP library', () => {
    assert.equal(
      htmlPage('501 Not Implemented'),
      '<HTML><HEAD>\n<TITLE>501 Not Implemented</TITLE>\n</HEAD><BODY>\n' +
        '<H1>Not Implemented</H1>\n</BODY></HTML>\n',
    );
  });
});

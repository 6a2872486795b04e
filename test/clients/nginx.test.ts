/** nginx in front: HTTP/1.0 with a connection for each request as it is by itself, and with kept ones. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { freePort } from '../wire/server-process.js';
import { Background, itWith } from './programs.js';
import { checkThroughProxy } from './proxied.js';
import { folder, server, socketPath } from './served.js';

const KEPT = 'proxy_http_version 1.1; proxy_set_header Connection "";';

/** By how nginx asks. */
const LOCATIONS: Record<string, () => string> = {
  'a bare proxy_pass': () => `proxy_pass ${server.restUrl};`,
  'kept connections': () => `proxy_pass http://kept; ${KEPT}`,
  'kept connections, unbuffered': () =>
    `proxy_pass http://kept; ${KEPT} proxy_request_buffering off; proxy_buffering off;`,
  'a bare proxy_pass to the Unix socket': () => `proxy_pass http://unix:${socketPath()};`,
};

function configuration(at: string, location: string, port: number): string {
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `
daemon off;
master_process off;
pid ${at}/nginx.pid;
error_log stderr error;
events { worker_connections 64; }
http {
  access_log off;
  client_max_body_size 8m;
  ${paths.map((name) => `${name}_temp_path ${at}/${name};`).join('\n  ')}
  upstream kept { server 127.0.0.1:${server.restPort}; keepalive 4; }
  server { listen 127.0.0.1:${port}; location / { ${location} } }
}
`;
}

describe('nginx', function () {
  this.timeout(20_000);
  for (const [how, location] of Object.entries(LOCATIONS)) {
    itWith('nginx', `brings requests by ${how}`, async (path) => {
      const at = join(folder, 'nginx');
      mkdirSync(at, { recursive: true });
      const port = await freePort();
      writeFileSync(join(at, 'nginx.conf'), configuration(at, location(), port));
      const args = ['-p', at, '-c', join(at, 'nginx.conf')];
      const nginx = await Background.start(path, args, [port]);
      try {
        await checkThroughProxy(port);
      } finally {
        await nginx.stop();
      }
      assert.doesNotMatch(nginx.errors, /upstream/);
    });
  }
});

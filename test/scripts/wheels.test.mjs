/** scripts/setup/wheels: where wheels are looked for, against indexes and proxies of ours, and how they are read. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { download } from '../../scripts/setup/wheels/index.mjs';
import { pipSettings } from '../../scripts/setup/wheels/pip-settings.mjs';
import { Zip } from '../../scripts/setup/wheels/zip.mjs';
import { Sandbox } from './sandbox.mjs';

const WHEEL = 'a_b-1.0-py3-none-any.whl';
const BYTES = Buffer.alloc(100_000, 'wheel');

/** @type {Sandbox} */
let sandbox;
/** @type {http.Server[]} */
let servers = [];
/** Of the servers, tunnels too, which closeAllConnections() leaves alone. @type {import('node:net').Socket[]} */
let sockets = [];
beforeEach(() => (sandbox = new Sandbox()));
afterEach(() => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
  for (const socket of sockets) socket.destroy();
  servers = [];
  sockets = [];
  sandbox.remove();
});

/** @param {http.Server} server @returns {Promise<string>} host and port */
async function listening(server) {
  servers.push(server);
  server.on('connection', (socket) => sockets.push(socket));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}`;
}

/** @param {http.IncomingMessage} request @param {http.ServerResponse} response */
function index({ url }, response) {
  if (url === '/simple/a-b/') {
    response.setHeader('content-type', 'text/html');
    response.end(`<a class="x" href="../../files/${WHEEL}#sha256=${'0'.repeat(64)}">the wheel</a>`);
  } else if (url === `/files/${WHEEL}`) response.end(BYTES);
  else response.writeHead(404).end();
}

/** @param {Partial<import('../../scripts/setup/wheels/pip-settings.mjs').PipSettings>} settings */
const bring = (settings) =>
  download('A_b', (name) => name === WHEEL, sandbox.folder, {
    ...{ indexes: [], findLinks: [], cert: undefined, proxy: undefined },
    ...settings,
  });

/** @param {Promise<string>} path */
async function isBrought(path) {
  assert.deepEqual(readFileSync(await path), BYTES);
}

/** @param {string} path */
async function hasBytes(path) {
  while (!statSync(path, { throwIfNoEntry: false })?.size) await delay(5);
}

describe('a wheel', () => {
  it('is found by the links of a page, and in a folder before any index', async () => {
    const host = await listening(http.createServer(index));
    await isBrought(bring({ indexes: [`http://${host}/simple`] }));
    sandbox.write(`wheels/${WHEEL}`, 'of the folder');
    const folder = join(sandbox.folder, 'wheels');
    const path = await bring({ findLinks: [folder], indexes: ['http://127.0.0.1:9/'] });
    assert.equal(readFileSync(path, 'utf8'), 'of the folder');
  });

  it('is found by an index that answers JSON, behind a redirect and a password', async () => {
    const server = http.createServer((request, response) => {
      const password = Buffer.from('me:p@ss').toString('base64');
      if (request.headers.authorization !== `Basic ${password}`) response.writeHead(401).end();
      else if (request.url === '/simple/a-b/') {
        response.writeHead(301, { location: '/moved/' }).end();
      } else if (request.url === '/moved/') {
        assert.match(request.headers.accept ?? '', /application\/vnd\.pypi\.simple\.v1\+json/);
        response.setHeader('content-type', 'application/vnd.pypi.simple.v1+json');
        response.end(JSON.stringify({ files: [{ filename: WHEEL, url: 'w', hashes: {} }] }));
      } else response.end(BYTES);
    });
    const host = await listening(server);
    await assert.rejects(bring({ indexes: [`http://${host}/simple`] }), /answered 401/);
    await isBrought(bring({ indexes: [`http://me:p%40ss@${host}/simple`] }));
  });

  it('is taken up where the connection broke', async () => {
    /** @type {(string | undefined)[]} */
    const ranges = [];
    const host = await listening(
      http.createServer((request, response) => {
        if (request.url !== `/files/${WHEEL}`) return index(request, response);
        ranges.push(request.headers.range);
        const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
        response.writeHead(from ? 206 : 200, { 'content-length': BYTES.length - from });
        if (from) return response.end(BYTES.subarray(from));
        response.write(BYTES.subarray(0, 60_000));
        void hasBytes(join(sandbox.folder, WHEEL)).then(() => response.destroy());
      }),
    );
    await isBrought(bring({ indexes: [`http://${host}/simple`] }));
    assert.match(ranges.join(' then '), /^ then bytes=[1-9]\d*-$/);
  });

  it('says where it was looked for in vain, without the password', async () => {
    const host = await listening(http.createServer(index));
    const error = await bring({
      indexes: [`http://me:secret@${host}/none`, 'http://127.0.0.1:9/'],
      findLinks: [sandbox.folder],
    }).catch((/** @type {Error} */ each) => each.message);
    assert.match(
      String(error),
      /has no such file of A_b; http:\/\/127.*answered 404.*; connection error/,
    );
    assert.doesNotMatch(String(error), /secret/);
    await assert.rejects(bring({}), /no package index is known: set PIP_INDEX_URL/);
  });

  it('comes over HTTPS of a site with its own certificates, through its proxy', async () => {
    const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(sandbox.folder, name));
    const made = spawnSync('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
      ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '2'],
      ...['-keyout', key, '-out', cert],
    ]);
    assert.equal(made.status, 0, String(made.stderr));
    const options = { key: readFileSync(key), cert: readFileSync(cert) };
    const port = (await listening(https.createServer(options, index))).split(':')[1];
    /** @type {(string | undefined)[]} */
    const asked = [];
    const proxy = http.createServer().on('connect', (request, socket) => {
      asked.push(request.url, request.headers['proxy-authorization']);
      const target = connect(Number(port), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        socket.pipe(target).pipe(socket);
      });
      sockets.push(target);
    });
    const url = `http://user:word@${await listening(proxy)}`;
    const indexes = [`https://localhost:${port}/simple`];
    await assert.rejects(bring({ indexes, proxy: url }), /self-signed certificate/);
    asked.length = 0;
    await isBrought(bring({ indexes, cert, proxy: url }));
    const basic = `Basic ${Buffer.from('user:word').toString('base64')}`;
    assert.deepEqual(asked, [`localhost:${port}`, basic, `localhost:${port}`, basic]);
  });

  it('comes over HTTP through a proxy', async () => {
    const proxy = http.createServer((request, response) => {
      request.url = new URL(request.url ?? '').pathname; // a proxy is given the whole URL
      index(request, response);
    });
    await isBrought(
      bring({ indexes: ['http://no.such.host.invalid/simple'], proxy: await listening(proxy) }),
    );
  });
});

describe("pip's settings", () => {
  it('are those of its variables, then of its files', () => {
    const config = join(sandbox.folder, 'pip.conf');
    writeFileSync(
      config,
      '# a comment\n[global]\nindex_url = http://files/simple\nfind-links =\n    /one\n    /two\n' +
        '[download]\nindex-url: http://download/simple\n[install]\nindex-url = http://no/simple\n',
    );
    const env = { PIP_CONFIG_FILE: config, XDG_CONFIG_DIRS: '/none', XDG_CONFIG_HOME: '/none' };
    const { indexes, findLinks } = pipSettings(env);
    assert.deepEqual([indexes, findLinks], [['http://download/simple'], ['/one', '/two']]);
    const own = { ...env, PIP_INDEX_URL: 'http://own', PIP_EXTRA_INDEX_URL: 'http://a http://b' };
    assert.deepEqual(pipSettings(own).indexes, ['http://own', 'http://a', 'http://b']);
    assert.deepEqual(pipSettings({ ...own, PIP_NO_INDEX: '1' }).indexes, []);
    assert.deepEqual(pipSettings({ ...env, PIP_CERT: '/c', PIP_PROXY: 'p:1' }).cert, '/c');
  });
});

describe('a zip archive', () => {
  it('is refused where it is none, lacks the file or holds less than it says', async () => {
    sandbox.write('no.zip', 'no');
    await assert.rejects(Zip.open(join(sandbox.folder, 'no.zip')), /no\.zip is no zip archive/);
    sandbox.offerWheel('pins', WHEEL, { 'a/x': 'content' });
    const path = join(sandbox.folder, 'wheels', WHEEL);
    const zip = await Zip.open(path);
    assert.deepEqual(zip.names, ['a/x']);
    await assert.rejects(zip.extract('b', join(sandbox.folder, 'b')), /no b in the wheel/);
    const bytes = readFileSync(path);
    bytes.writeUInt32LE(99, bytes.lastIndexOf(Buffer.from([0x50, 0x4b, 1, 2])) + 24);
    writeFileSync(path, bytes);
    const broken = await Zip.open(path);
    await assert.rejects(
      broken.extract('a/x', join(sandbox.folder, 'x')),
      /a\/x has 7 bytes, where .* says 99/,
    );
  });
});

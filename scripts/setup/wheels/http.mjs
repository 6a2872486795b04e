/** GET over HTTP and HTTPS with what Node's own fetch leaves out: proxies and a site's own certificates. */
import { existsSync, readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import tls from 'node:tls';

const MAX_REDIRECTS = 5;
const IDLE_MS = 60_000;
/** Where systems keep the certificates that they trust, a site's own ones among them. */
const SYSTEM_CERTIFICATES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
];

/** @typedef {{cert?: string | undefined, proxy?: string | undefined}} Connection */

/**
 * @param {URL} url with a user and password, where it needs one
 * @param {Record<string, string>} headers
 * @param {Connection} connection
 * @returns {Promise<{response: http.IncomingMessage, url: URL}>} the answer, and where it was found at last.
 *   @throws Error for a status of 400 and above, or when there is no connection
 */
export async function get(url, headers, connection) {
  for (let redirects = 0; redirects <= MAX_REDIRECTS; ++redirects) {
    const response = await ask(url, headers, connection);
    const { statusCode: status = 0 } = response;
    const { location } = response.headers;
    if (status < 300) return { response, url };
    response.resume();
    if (status >= 400 || location === undefined) {
      throw new Error(`${shown(url)} answered ${status} ${response.statusMessage ?? ''}`.trim());
    }
    url = new URL(location, url);
  }
  throw new Error(`${shown(url)}: more than ${MAX_REDIRECTS} redirects`);
}

/** Without its password. @param {URL} url */
export function shown(url) {
  const copy = new URL(url);
  copy.username = copy.password = '';
  return copy.href;
}

/**
 * @param {URL} url @param {Record<string, string>} headers @param {Connection} connection
 * @returns {Promise<http.IncomingMessage>}
 */
async function ask(url, headers, connection) {
  const isTls = url.protocol === 'https:';
  const proxy = proxyFor(url, connection.proxy);
  const all = { ...headers, ...authorization(url, 'authorization') };
  /** @type {https.RequestOptions} */
  const options = { headers: all, agent: false };
  if (isTls) options.ca = certificates(connection.cert);
  if (proxy && isTls) {
    const socket = await tunnel(proxy, url);
    options.createConnection = () =>
      tls.connect({ socket, servername: url.hostname, ca: options.ca });
  }
  const target = proxy && !isTls ? proxy : url;
  if (proxy && !isTls) {
    Object.assign(options, { path: shown(url), headers: { host: url.host, ...all } });
    Object.assign(
      /** @type {object} */ (options.headers),
      authorization(proxy, 'proxy-authorization'),
    );
  }
  return new Promise((resolve, reject) => {
    const bare = new URL(shown(target));
    const request = (isTls ? https : http).get(bare, options, resolve);
    request.setTimeout(IDLE_MS, () =>
      request.destroy(new Error(`${shown(url)}: connection timed out`)),
    );
    request.on('error', (error) =>
      reject(new Error(`connection error: ${shown(url)}: ${reasonOf(error)}`)),
    );
  });
}

/** Node says nothing where each of several addresses failed. @param {Error & {code?: string}} error */
function reasonOf(error) {
  return error.message || error.code || error.name;
}

/** A connection through the proxy. @param {URL} proxy @param {URL} url @returns {Promise<import('node:net').Socket>} */
function tunnel(proxy, url) {
  const path = `${url.hostname}:${url.port || 443}`;
  return new Promise((resolve, reject) => {
    const request = (proxy.protocol === 'https:' ? https : http).request(shown(proxy), {
      method: 'CONNECT',
      path,
      headers: { host: path, ...authorization(proxy, 'proxy-authorization') },
      agent: false,
    });
    request.setTimeout(IDLE_MS, () => request.destroy(new Error('timed out')));
    request.on('error', (error) =>
      reject(new Error(`connection error: proxy ${shown(proxy)}: ${reasonOf(error)}`)),
    );
    request.on('connect', ({ statusCode }, socket) => {
      if (statusCode === 200) return resolve(/** @type {import('node:net').Socket} */ (socket));
      socket.destroy();
      reject(new Error(`connection error: proxy ${shown(proxy)} answered ${statusCode}`));
    });
    request.end();
  });
}

/** @param {URL} url @param {string} header @returns {Record<string, string>} */
function authorization({ username, password }, header) {
  if (username === '') return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { [header]: `Basic ${Buffer.from(pair).toString('base64')}` };
}

/** @param {string | undefined} file */
function certificates(file) {
  const path = file ?? SYSTEM_CERTIFICATES.find((each) => existsSync(each));
  return path ? [...tls.rootCertificates, readFileSync(path, 'utf8')] : [...tls.rootCertificates];
}

/**
 * As curl and pip: NO_PROXY names hosts, with all below them, or * for all.
 * @param {URL} url
 * @param {string | undefined} own pip's
 */
function proxyFor(url, own) {
  const { env } = process;
  const scheme = url.protocol.slice(0, -1);
  const not = (env.no_proxy ?? env.NO_PROXY ?? '').split(',').map((each) => each.trim());
  const isKeptOut = not.some(
    (each) =>
      each === '*' ||
      (each !== '' &&
        (url.hostname === each.replace(/^\./, '') ||
          url.hostname.endsWith(`.${each.replace(/^\./, '')}`))),
  );
  const given =
    own || env[`${scheme}_proxy`] || env[`${scheme.toUpperCase()}_PROXY`] || env.ALL_PROXY;
  if (isKeptOut || !given) return undefined;
  return new URL(given.includes('://') ? given : `http://${given}`);
}

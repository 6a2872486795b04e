/**
 * Where pip would look for a wheel: its environment variables and configuration files, read without pip, so
 * that a site's mirror, proxy and certificates serve a machine that has no Python, too.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../layout.mjs';

/**
 * @typedef {object} PipSettings
 * @property {string[]} indexes simple indexes, in pip's order
 * @property {string[]} findLinks folders, file: URLs and pages with links, asked first
 * @property {string | undefined} cert file with the certificates to trust
 * @property {string | undefined} proxy
 */

/** @param {NodeJS.ProcessEnv} [env] @returns {PipSettings} */
export function pipSettings(env = process.env) {
  const configured = configuration(env);
  /** @param {string} name as in pip.conf, e.g. index-url */
  const setting = (name) =>
    env[`PIP_${name.toUpperCase().replaceAll('-', '_')}`] || configured.get(name);
  /** @param {string} name */
  const list = (name) => (setting(name) ?? '').split(/\s+/).filter((each) => each !== '');
  const usesIndexes = ['', '0', 'false', 'no', 'off'].includes(
    (setting('no-index') ?? '').toLowerCase(),
  );
  const main = setting('index-url');
  return {
    indexes: usesIndexes ? [...(main ? [main] : defaultIndex()), ...list('extra-index-url')] : [],
    findLinks: list('find-links'),
    cert: setting('cert') || env.REQUESTS_CA_BUNDLE || env.SSL_CERT_FILE,
    proxy: setting('proxy'),
  };
}

/** The files that pip reads, in its order: a later one counts. @param {NodeJS.ProcessEnv} env */
function configuration(env) {
  const own = env.PIP_CONFIG_FILE;
  /** @type {Map<string, string>} */
  const values = new Map();
  if (own === '/dev/null') return values;
  const shared = (env.XDG_CONFIG_DIRS || '/etc/xdg').split(':');
  const files = [
    ...shared.map((folder) => join(folder, 'pip', 'pip.conf')),
    '/etc/pip.conf',
    join(homedir(), '.pip', 'pip.conf'),
    join(env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'pip', 'pip.conf'),
    ...(own ? [own] : []),
  ];
  // What is for one command of pip's counts more than what is for all.
  for (const section of ['global', 'download']) {
    for (const file of files.filter((each) => existsSync(each))) {
      for (const [name, value] of sectionOf(readFileSync(file, 'utf8'), section)) {
        values.set(name, value);
      }
    }
  }
  return values;
}

/**
 * @param {string} text of an INI file, where an indented line goes on with the value before it
 * @param {string} wanted
 */
function sectionOf(text, wanted) {
  /** @type {Map<string, string>} */
  const values = new Map();
  let section = '';
  let name = '';
  for (const line of text.split('\n').filter((each) => !/^\s*([#;]|$)/.test(each))) {
    const header = /^\[(.*)\]\s*$/.exec(line)?.[1];
    const [, key, value] = /^([^\s=:][^=:]*?)\s*[=:]\s*(.*?)\s*$/.exec(line) ?? [];
    if (header !== undefined) section = header;
    else if (section !== wanted) continue;
    else if (/^\s/.test(line)) values.set(name, `${values.get(name) ?? ''} ${line.trim()}`.trim());
    else if (key !== undefined) values.set((name = key.replaceAll('_', '-')), value ?? '');
  }
  return values;
}

/** What the package was made with (`npm run package` asks pip); in a checkout, what its pip says. */
function defaultIndex() {
  const file = join(packageRoot, 'package.json');
  const { wheelIndex } = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  const index = wheelIndex ?? pipsOwnIndex();
  return index ? [index] : [];
}

/** @returns {string | undefined} the index that pip takes where nothing is set; undefined without pip */
export function pipsOwnIndex() {
  const script = 'from pip._internal.models.index import PyPI; print(PyPI.simple_url)';
  const { status, stdout } = spawnSync('python3', ['-c', script], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

/** Finds a wheel in pip's places and brings it. Indexes are asked as PEP 503 (HTML) and 691 (JSON) have it. */
import { copyFileSync, createWriteStream, existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { get, shown } from './http.mjs';

const PAGE_TYPES = 'application/vnd.pypi.simple.v1+json, text/html;q=0.5';
const TRIES = 4;

/** @typedef {import('./pip-settings.mjs').PipSettings} PipSettings */
/** @typedef {{name: string, url: URL}} Link */

/**
 * @param {string} project e.g. tensorflow_cpu
 * @param {(name: string, sha256: string | undefined) => boolean} isWanted which of its files
 * @param {string} folder
 * @param {PipSettings} settings
 * @returns {Promise<string>} the path of the file in the folder. @throws Error that says where it was looked for
 */
export async function download(project, isWanted, folder, settings) {
  /** @type {string[]} */
  const troubles = [];
  for (const place of placesOf(project, settings)) {
    try {
      const link = (await linksOf(place, settings)).find(({ name, url }) =>
        isWanted(name, /^#sha256=([0-9a-f]{64})/.exec(url.hash)?.[1]),
      );
      if (link) return await bring(link, folder, settings);
      troubles.push(`${shown(place)} has no such file of ${project}`);
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOSPC') throw error;
      troubles.push(/** @type {Error} */ (error).message);
    }
  }
  throw new Error(
    troubles.join('; ') ||
      'no package index is known: set PIP_INDEX_URL, or PIP_FIND_LINKS to a folder that has the wheel',
  );
}

/** @param {string} project @param {PipSettings} settings @returns {URL[]} pages and folders */
function placesOf(project, { indexes, findLinks }) {
  const pages = indexes.map(
    (index) =>
      new URL(`${index.replace(/\/+$/, '')}/${project.replace(/[-_.]+/g, '-').toLowerCase()}/`),
  );
  const links = findLinks.map((place) =>
    /^[a-z]+:\/\//.test(place) ? new URL(place) : new URL(`file://${encodeURI(place)}`),
  );
  return [...links, ...pages];
}

/** @param {URL} place @param {PipSettings} settings @returns {Promise<Link[]>} */
async function linksOf(place, settings) {
  if (place.protocol === 'file:') return linksOfFolder(fileURLToPath(place));
  const { response, url } = await get(place, { accept: PAGE_TYPES }, settings);
  const page = await text(response);
  if ((response.headers['content-type'] ?? '').includes('json')) {
    const { files } =
      /** @type {{files: {filename: string, url: string, hashes: {sha256?: string}}[]}} */ (
        JSON.parse(page)
      );
    return files.map(({ filename, url: href, hashes }) => {
      const link = linkAt(url, href);
      if (hashes.sha256) link.hash = `#sha256=${hashes.sha256}`;
      return { name: filename, url: link };
    });
  }
  return [...page.matchAll(/<a\s[^>]*?href\s*=\s*["']([^"']+)["']/gi)].map(([, href = '']) => {
    const link = linkAt(url, href.replaceAll('&amp;', '&'));
    return { name: decodeURIComponent(link.pathname.split('/').at(-1) ?? ''), url: link };
  });
}

/** A link of the page's own server takes the page's user. @param {URL} page @param {string} href */
function linkAt(page, href) {
  const link = new URL(href, page);
  if (link.origin === page.origin) [link.username, link.password] = [page.username, page.password];
  return link;
}

/** @param {string} folder @returns {Link[]} */
function linksOfFolder(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).map((name) => ({ name, url: pathToFileURL(join(folder, name)) }));
}

/** A broken connection is taken up where it broke. @param {Link} link @param {string} folder @param {PipSettings} settings */
async function bring({ name, url }, folder, settings) {
  const path = join(folder, name);
  if (url.protocol === 'file:') {
    copyFileSync(fileURLToPath(url), path);
    return path;
  }
  for (let tries = 1; ; ++tries) {
    const had = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    try {
      const range = had > 0 ? { range: `bytes=${had}-` } : undefined;
      const { response } = await get(url, { ...range }, settings);
      const flags = response.statusCode === 206 ? 'a' : 'w';
      response.setTimeout(60_000, () => response.destroy(new Error('connection timed out')));
      await pipeline(response, createWriteStream(path, { flags }));
      return path;
    } catch (error) {
      const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
      if (code === 'ENOSPC' || tries === TRIES) throw error;
      console.log(`${message}; tries again`);
    }
  }
}

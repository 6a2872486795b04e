/**
 * An npm registry on loopback: the packages in some tarballs, and those that the checkout's node_modules has. `npm
 * install` then asks it as it asks the public one, and nothing is downloaded from elsewhere.
 */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { root } from '../scripts/sandbox.mjs';

/** @typedef {{manifest: {name: string, version: string}, tarball: () => Buffer}} Published */

export class Registry {
  #server = createServer((request, response) => this.#answer(request, response));
  /** By name, then version. @type {Map<string, Map<string, Published>>} */
  #published = new Map();
  /** Names of packages whose tarballs were asked for. @type {string[]} */
  taken = [];

  /** @param {readonly string[]} tarballs paths */
  constructor(tarballs) {
    const lock = JSON.parse(readFileSync(join(root, 'node_modules', '.package-lock.json'), 'utf8'));
    for (const place of Object.keys(lock.packages)) {
      const folder = join(root, place);
      const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      this.#publish({ manifest, tarball: () => packed(folder) });
    }
    for (const path of tarballs) {
      const args = ['--extract', '--to-stdout', '--file', path, 'package/package.json'];
      const manifest = JSON.parse(run('tar', args).toString());
      this.#publish({ manifest, tarball: () => readFileSync(path) });
    }
  }

  /** @param {Published} each */
  #publish(each) {
    const { name, version } = each.manifest;
    const versions = this.#published.get(name) ?? new Map();
    this.#published.set(name, versions.set(version, each));
  }

  async listen() {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening');
  }

  get url() {
    const { port } = /** @type {import('node:net').AddressInfo} */ (this.#server.address());
    return `http://127.0.0.1:${port}/`;
  }

  close() {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** @param {import('node:http').IncomingMessage} request @param {import('node:http').ServerResponse} response */
  #answer(request, response) {
    const path = decodeURIComponent(request.url ?? '');
    const [, name = '', asked] = /^\/(.+?)(?:\/-\/(.+)\.tgz)?$/.exec(path) ?? [];
    const versions = this.#published.get(name);
    if (asked) {
      this.taken.push(name);
      return void response.end(versions?.get(asked)?.tarball());
    }
    if (!versions) return void response.writeHead(404).end('{}');
    const all = [...versions].map(([version, { manifest }]) => {
      const dist = { tarball: `${this.url}${name}/-/${version}.tgz` };
      return [version, { ...manifest, dist }];
    });
    response.setHeader('content-type', 'application/json');
    const latest = [...versions.keys()].at(-1);
    response.end(
      JSON.stringify({ name, 'dist-tags': { latest }, versions: Object.fromEntries(all) }),
    );
  }
}

/** @param {string} folder of an installed package */
function packed(folder) {
  return run('tar', [
    ...['--create', '--gzip', '--exclude=./node_modules', '--transform=s,^\\.,package,'],
    ...['--directory', folder, '.'],
  ]);
}

/** @param {string} command @param {string[]} args */
function run(command, args) {
  const { status, stdout, stderr } = spawnSync(command, args, { maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`${command}: ${stderr}`);
  return stdout;
}

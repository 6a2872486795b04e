// @ts-check
/**
 * The source `shelf`: what a JSON file says, `shelf:///…/file.json`, well or not; and policies.
 * @typedef {import('tensorgate/plugin').Plugin} Plugin
 * @typedef {import('tensorgate/plugin').SourceModel} SourceModel
 * @typedef {{ fail?: string, push?: boolean, versions: { version: number, folder?: string, copyOf?: string, fingerprint?: string }[] }} Shelf
 */
import { cpSync, readFileSync, unwatchFile, watchFile, writeFileSync } from 'node:fs';

/** @type {WeakSet<SourceModel>} */
const watched = new WeakSet();

/** @param {SourceModel} model @returns {[file: string, shelf: Shelf]} */
function shelfOf({ basePath }) {
  const file = basePath.slice('shelf://'.length);
  return [file, JSON.parse(readFileSync(file, 'utf8'))];
}

/** @type {Plugin} */
export default {
  name: 'librarian',
  sources: {
    shelf: {
      async versions(model) {
        const [file, { fail, push, versions }] = shelfOf(model);
        if (push && !watched.has(model)) {
          watched.add(model);
          watchFile(file, { interval: 20 }, () => model.changed());
          model.signal.addEventListener('abort', () => {
            unwatchFile(file);
            writeFileSync(`${file}.ended`, '');
          });
        }
        switch (fail) {
          case 'throw':
            throw new Error('the shelf is locked');
          case 'exit':
            return process.exit(5);
          case 'odd':
            return [/** @type {any} */ ({ version: -1 })];
          case 'relative':
            return [{ version: 1, folder: 'here' }];
          default:
            return versions;
        }
      },
      async fetch(version, model) {
        const [file, { versions, fail }] = shelfOf(model);
        const { copyOf = '' } = versions.find((each) => each.version === Number(version)) ?? {};
        writeFileSync(`${file}.fetched`, `${version},`, { flag: 'a' });
        if (fail === `fetch ${version}`) throw new Error('it is lent');
        if (fail === `hang ${version}`) return new Promise(() => {});
        const folder = `${file}.${version}`;
        cpSync(copyOf, folder, { recursive: true });
        return folder;
      },
    },
  },
  policies: {
    odd: { choose: (versions) => versions.filter((version) => version % 2n === 1n) },
    none: { choose: () => [] },
    stranger: { choose: () => [77] },
    broken: {
      choose: () => {
        throw new Error('cannot decide');
      },
    },
  },
};

/** Circles among the imports of TypeScript files, those of types among them. Pure. */
import { dirname, join } from 'node:path/posix';
import ts from 'typescript';

/**
 * Each circle that a walk along the imports closes, as `a.ts → b.ts → a.ts`. Imports of what is not in `files`
 * are passed over.
 * @param {ReadonlyMap<string, string>} files texts by their paths, from one folder, with forward slashes
 * @returns {string[]}
 */
export function importCircles(files) {
  const imports = new Map([...files].map(([file, text]) => [file, importsOf(file, text)]));
  /** @type {string[]} */
  const circles = [];
  /** @type {Set<string>} */
  const done = new Set();
  /** @type {string[]} */
  const path = [];
  const walk = (/** @type {string} */ file) => {
    const begin = path.indexOf(file);
    if (begin >= 0) circles.push([...path.slice(begin), file].join(' → '));
    if (begin >= 0 || done.has(file)) return;
    path.push(file);
    for (const each of imports.get(file) ?? []) if (imports.has(each)) walk(each);
    path.pop();
    done.add(file);
  };
  for (const file of files.keys()) walk(file);
  return circles;
}

/** @param {string} file @param {string} text */
function importsOf(file, text) {
  return ts
    .preProcessFile(text)
    .importedFiles.map(({ fileName }) => fileName)
    .filter((name) => name.startsWith('.'))
    .map((name) => join(dirname(file), name).replace(/\.js$/, '.ts'));
}

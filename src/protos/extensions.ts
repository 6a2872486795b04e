/**
 * Parts of protobufjs that it keeps in large files of their own. Imported, Node would look through each source for
 * the names of its exports, at every start; required, it costs those alone who use it.
 */
import { createRequire } from 'node:module';

import type textFormatModule from 'protobufjs/ext/textformat.js';

const require = createRequire(import.meta.url);

/** Writes messages as text protos. */
export function textFormat(): typeof textFormatModule {
  return require('protobufjs/ext/textformat.js') as typeof textFormatModule;
}

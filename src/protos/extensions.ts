/**
 * Parts of protobufjs that it keeps in large files of their own. Imported, Node would look through each source for
 * the names of its exports, at every start; required, it costs those alone who use it.
 */
import { createRequire } from 'node:module';

import type descriptorModule from 'protobufjs/ext/descriptor.js';
import type protoJsonModule from 'protobufjs/ext/protojson.js';
import type textFormatModule from 'protobufjs/ext/textformat.js';

const require = createRequire(import.meta.url);

/** Writes messages as text protos. */
export function textFormat(): typeof textFormatModule {
  return require('protobufjs/ext/textformat.js') as typeof textFormatModule;
}

/** The messages of descriptor.proto; from then on every type of protobufjs can describe itself by one. */
export function descriptorTypes(): typeof descriptorModule {
  return require('protobufjs/ext/descriptor.js') as typeof descriptorModule;
}

/** Reads messages from proto3 JSON. */
export function protoJsonReader(): typeof protoJsonModule {
  return require('protobufjs/ext/protojson.js') as typeof protoJsonModule;
}

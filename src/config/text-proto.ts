/**
 * Configuration files in protobuf text format, with upstream's errors. The text is read by
 * protobufjs; where it fails, text-proto-error.ts finds the place.
 */
import { readFile } from 'node:fs/promises';

import type protobuf from 'protobufjs';
import textFormat from 'protobufjs/ext/textformat.js';

import { ServingError, StatusCode } from '../status/serving-error.js';
import { violationOf } from './text-proto-error.js';

/**
 * The message as a plain object, fields under their names in the .proto file. Only what the file
 * sets is there: no defaults, and an empty message is `{}`. 64-bit integers are bigints, enums names
 * (numbers without a name stay numbers), bytes Buffers, maps objects with string keys.
 *
 * @throws ServingError NOT_FOUND or INVALID_ARGUMENT, upstream's texts; what they leave out is in
 *   its violations
 */
export async function readTextProtoFile(
  type: protobuf.Type,
  file: string,
): Promise<Record<string, unknown>> {
  return parseTextProto(type, await readTextFile(file), file);
}

/** The text alone; there is some. @throws ServingError as above */
export async function readTextFile(file: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    // Upstream maps the file into memory, which a directory refuses with "No such device".
    const { code, message } = cause as NodeJS.ErrnoException;
    const reason = code === 'EISDIR' ? 'No such device' : 'No such file or directory';
    throw new ServingError(
      StatusCode.NOT_FOUND,
      `${file}; ${reason}`,
      [{ field: file, description: message }],
      { cause },
    );
  }
  if (text === '') {
    throw new ServingError(StatusCode.INVALID_ARGUMENT, `${file}; Invalid argument`, [
      { field: file, description: 'expected a text of the protobuf text format, given 0 bytes' },
    ]);
  }
  return text;
}

/** As readTextProtoFile, of a text that was read already; `file` is for errors only. */
export function parseTextProto(
  type: protobuf.Type,
  text: string,
  file: string,
): Record<string, unknown> {
  const body = text.startsWith('\ufeff') ? text.slice(1) : text; // a byte order mark, as upstream
  try {
    const message = textFormat.fromText(type, body);
    return type.toObject(message, { longs: BigInt, enums: String });
  } catch (cause) {
    throw new ServingError(
      StatusCode.INVALID_ARGUMENT,
      `Invalid protobuf file: '${file}'`,
      [violationOf(type, body, file, cause)],
      { cause },
    );
  }
}

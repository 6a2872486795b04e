/** Configuration files in protobuf text format, with upstream's errors. */
import { readFile } from 'node:fs/promises';

import type protobuf from 'protobufjs';

import { fileError } from '../status/file-error.js';
import { ServingError, StatusCode, type Violation } from '../status/serving-error.js';
import { localFile } from './local-path.js';
import { TextFormatError, type TextFormatMistake } from './text-format/error.js';
import { parseTextFormat } from './text-format/parser.js';

/**
 * The message as a plain object, fields under their names in the .proto file. Only what the file
 * sets is there: no defaults, and an empty message is `{}`. 64-bit integers are bigints, enums names
 * (numbers without a name stay numbers), bytes Buffers, maps objects with string keys.
 *
 * @throws ServingError NOT_FOUND or INVALID_ARGUMENT, upstream's texts; what they leave out is in
 *   its violations, and the cause is a TextFormatError where the text is wrong
 */
export async function readTextProtoFile(
  type: protobuf.Type,
  file: string,
): Promise<Record<string, unknown>> {
  return parseTextProto(type, await readTextFile(file), file);
}

/** The text alone; there is some. @throws ServingError as above, PERMISSION_DENIED besides */
export async function readTextFile(file: string): Promise<Buffer> {
  const path = localFile(file);
  let text: Buffer;
  try {
    text = await readFile(path);
  } catch (cause) {
    throw unreadable(file, cause as NodeJS.ErrnoException);
  }
  if (text.length === 0) {
    throw new ServingError(StatusCode.INVALID_ARGUMENT, `${file}; Invalid argument`, [
      { field: file, description: 'expected a text of the protobuf text format, given 0 bytes' },
    ]);
  }
  return text;
}

/** Upstream maps the file into memory, which a directory refuses with "No such device". */
function unreadable(file: string, cause: NodeJS.ErrnoException): ServingError {
  const { code, message } = fileError(file, cause.code === 'EISDIR' ? { code: 'ENODEV' } : cause);
  return new ServingError(code, message, [{ field: file, description: cause.message }], { cause });
}

/** As readTextProtoFile, of a text that was read already; `file` is for errors only. */
export function parseTextProto(
  type: protobuf.Type,
  text: Uint8Array,
  file: string,
): Record<string, unknown> {
  try {
    return parseTextFormat(type, text);
  } catch (cause) {
    if (!(cause instanceof TextFormatError)) throw cause;
    throw new ServingError(
      StatusCode.INVALID_ARGUMENT,
      `Invalid protobuf file: '${file}'`,
      cause.mistakes.map((mistake) => violationOf(mistake, file)),
      { cause },
    );
  }
}

/** Says on stderr what protobuf says there of a text that is wrong: what upstream's users look for. */
export function printTextFormatMistakes({ cause }: Error): void {
  if (cause instanceof TextFormatError) process.stderr.write(`${cause.message}\n`);
}

function violationOf(mistake: TextFormatMistake, file: string): Violation {
  const { line, column, message, path, known } = mistake;
  return {
    field: `${file}:${line}:${column}`,
    description:
      (path === '' ? '' : `${path}: `) +
      message +
      (known.length === 0 ? '' : ` Expected one of: ${known.join(', ')}`),
  };
}

/**
 * What the files of a table say of themselves before a load: whether they are there, and of text files whether the
 * first row has the columns that table.pbtxt names. The load itself, in binding/table, looks at everything.
 */
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

import type { NativeTableConfig } from '../native/tables.js';
import { fileError } from '../status/file-error.js';
import { FORMATS, TABLE_FILE } from './table-config.js';

/** A first row that is longer is left to the load. */
const MAX_FIRST_ROW_BYTES = 1 << 20;
const MOST_NAMES = 8;

/** All that is wrong, each a text that begins with a path. */
export async function tableFileMistakes(
  folder: string,
  config: NativeTableConfig,
): Promise<readonly string[]> {
  const mistakes: string[] = [];
  const begin = await beginOf(folder, 'file', config.file, mistakes);
  if (config.vocabularyFile !== '') {
    await beginOf(folder, 'vocabulary_file', config.vocabularyFile, mistakes);
  }
  if (begin === null) return mistakes;
  const where = join(folder, config.file);
  const what = rowMistakes(begin, config).map((mistake) => `${where}: ${mistake}`);
  return [...mistakes, ...what];
}

/** The first bytes of the file that a field names; null where it cannot be read, which is then a mistake. */
async function beginOf(
  folder: string,
  field: string,
  name: string,
  mistakes: string[],
): Promise<Buffer | null> {
  if (['', '.', '..'].includes(name) || /[/\0]/.test(name)) {
    const expected = 'expected the name of a file beside it';
    mistakes.push(
      `${join(folder, TABLE_FILE)}: ${field}: ${expected}, got ${JSON.stringify(name)}`,
    );
    return null;
  }
  const path = join(folder, name);
  let file: FileHandle | null = null;
  try {
    // Not blocking: a FIFO would wait for its writer.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!(await file.stat()).isFile()) {
      mistakes.push(`${path}: expected a regular file`);
      return null;
    }
    const bytes = Buffer.alloc(MAX_FIRST_ROW_BYTES);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
    return bytes.subarray(0, bytesRead);
  } catch (cause) {
    mistakes.push(fileError(path, cause).message);
    return null;
  } finally {
    await file?.close();
  }
}

/** What a field is, in quotes or not, and what is between two. */
const SYNTAX: Readonly<Record<string, readonly [field: string, separator: string]>> = {
  CSV: ['"(?<quoted>[^"]*(?:""[^"]*)*)"|(?<plain>[^,\n"]*)', ','],
  TSV: ['(?<plain>[^\t\n]*)', '\t'],
  SIMPLE_CSV: ['(?<plain>[^,\n]*)', ','],
};

function rowMistakes(begin: Buffer, config: NativeTableConfig): readonly string[] {
  if (begin.length === 0) return ['expected at least one row, got none'];
  const isAll = begin.length < MAX_FIRST_ROW_BYTES;
  const text = begin.toString().replace(/^\uFEFF/, '');
  const format = FORMATS[config.format] ?? '';
  if (format === 'JSON_LINES') return memberMistakes(text, isAll, config);
  const row = firstRow(text, isAll, format);
  if (row === null) return [];
  const { fields, isOnly } = row;
  if (format === 'SIMPLE_CSV') {
    return fields.length === 2 ? [] : [`line 1: expected 2 fields, got ${fields.length}`];
  }
  const mistakes = columnMistakes(fields, config).map((mistake) => `line 1: ${mistake}`);
  return config.headerRow && isOnly
    ? [...mistakes, 'expected at least one row, got none']
    : mistakes;
}

/** Null: it has no fields, it is not all there, or its quotes are wrong, which the load says. */
function firstRow(
  text: string,
  isAll: boolean,
  format: string,
): { readonly fields: readonly string[]; readonly isOnly: boolean } | null {
  const [pattern, separator] = SYNTAX[format] ?? [];
  if (pattern === undefined) return null;
  const field = new RegExp(pattern, 'y');
  const fields: string[] = [];
  for (;;) {
    const { quoted, plain = '' } = field.exec(text)?.groups ?? {};
    const end = field.lastIndex;
    if (text[end] === separator) {
      fields.push(quoted?.replaceAll('""', '"') ?? plain);
      ++field.lastIndex;
      continue;
    }
    const rest = /^(?:\r?\n|$)/.exec(text.slice(end, end + 2));
    if (rest === null || (end + rest[0].length === text.length && !isAll)) return null;
    const isEnded = text[end] === '\n';
    fields.push(quoted?.replaceAll('""', '"') ?? (isEnded ? plain.replace(/\r$/, '') : plain));
    return { fields, isOnly: end + rest[0].length === text.length };
  }
}

/** `fields`: names with a header row, else those of the first row. */
function columnMistakes(fields: readonly string[], config: NativeTableConfig): readonly string[] {
  const { headerRow, key, outputs } = config;
  const mistakes: string[] = [];
  const taken = new Set<number>();
  const take = (column: string): void => {
    const index = headerRow ? fields.indexOf(column) : numberOf(column);
    taken.add(index);
    if (!headerRow) {
      if (index < fields.length) return;
      const expected = `the number of a column below ${fields.length} where there is no header_row`;
      mistakes.push(`expected ${expected}, got ${JSON.stringify(column)}`);
    } else if (index < 0 || fields.includes(column, index + 1)) {
      const expected = index < 0 ? 'expected' : 'expected only one';
      mistakes.push(`${expected} column ${JSON.stringify(column)}, got ${listOf(fields)}`);
    }
  };
  if (key.column === '') taken.add(0);
  else take(key.column);
  for (const { columns } of outputs) columns.forEach(take);
  const isAllTaken = fields.every((_, index) => taken.has(index));
  for (const { name, columns, rowNumber } of outputsOf(outputs)) {
    if (rowNumber || columns.length > 0 || !isAllTaken) continue;
    const got = `got ${fields.length}, all of them taken`;
    mistakes.push(`expected columns for the output ${JSON.stringify(name)}, ${got}`);
  }
  return mistakes;
}

/** Of the first line that is not empty, if it is an object as JavaScript reads it. */
function memberMistakes(text: string, isAll: boolean, config: NativeTableConfig): string[] {
  const lines = text.split('\n');
  if (!isAll) lines.pop();
  const index = lines.findIndex((line) => line.trim() !== '');
  if (index < 0) return isAll ? ['expected at least one row, got none'] : [];
  let row: unknown;
  try {
    row = JSON.parse(lines[index] ?? '');
  } catch {
    return []; // NaN is no JSON, but may be there
  }
  if (typeof row !== 'object' || row === null) return [];
  const wanted = outputsOf(config.outputs)
    .filter(({ rowNumber }) => !rowNumber)
    .flatMap(({ name, columns }) => (columns.length === 0 ? [name] : columns));
  return [...new Set([config.key.column || 'key', ...wanted])]
    .filter((name) => !Object.hasOwn(row, name))
    .map((name) => `line ${index + 1}: expected a member ${JSON.stringify(name)}, got none`);
}

const ONLY_OUTPUT = { name: 'values', columns: [], rowNumber: false };

function outputsOf(
  outputs: NativeTableConfig['outputs'],
): readonly Pick<NativeTableConfig['outputs'][number], 'name' | 'columns' | 'rowNumber'>[] {
  return outputs.length === 0 ? [ONLY_OUTPUT] : outputs;
}

/** Infinity for what is no number. */
function numberOf(column: string): number {
  return /^\d+$/.test(column) ? Number(column) : Infinity;
}

function listOf(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMES).map((name) => JSON.stringify(name));
  return [...shown, ...(names.length > MOST_NAMES ? ['...'] : [])].join(', ');
}

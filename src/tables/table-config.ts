/** table.pbtxt: how the table of a version's folder is read; protos/tensorgate/table.proto has every field. */
import { join } from 'node:path';

import type protobuf from 'protobufjs';

import { readTextProtoFile } from '../config/text-proto.js';
import type { NativeTableConfig } from '../native/tables.js';
import { loadProtos } from '../protos/protos.js';
import { ServingError, StatusCode } from '../status/serving-error.js';

/** The name that `model_platform` has for them. */
export const TABLE = 'table';
export const TABLE_FILE = 'table.pbtxt';

/** As TableFormat of binding/table/table_config.h: a config has the index. */
export const FORMATS = ['CSV', 'TSV', 'SIMPLE_CSV', 'JSON_LINES', 'NPY', 'VOCABULARY'];
const DUPLICATE_KEYS = ['DUPLICATE_KEYS_UNSPECIFIED', 'REFUSE', 'KEEP_FIRST', 'KEEP_LAST'];
const ENDINGS: ReadonlyMap<string, string> = new Map([
  ['.csv', 'CSV'],
  ['.tsv', 'TSV'],
  ['.jsonl', 'JSON_LINES'],
  ['.npy', 'NPY'],
  ['.txt', 'VOCABULARY'],
]);

/** The message's plain form: only what is set. */
interface TableMessage {
  readonly format?: string | number;
  readonly file?: string;
  readonly vocabulary_file?: string;
  readonly header_row?: boolean;
  readonly key?: { readonly name?: string; readonly column?: string; readonly dtype?: string };
  readonly output?: readonly {
    readonly name?: string;
    readonly column?: readonly string[];
    readonly dtype?: string;
    readonly default_value?: readonly string[];
    readonly row_number?: boolean;
  }[];
  readonly duplicate_keys?: string | number;
  readonly num_oov_buckets?: bigint;
  readonly memory_map?: boolean;
}

let root: protobuf.Root | null = null;

function protos(): protobuf.Root {
  root ??= loadProtos(['tensorgate/table.proto']);
  return root;
}

/** @throws ServingError for a file that cannot be read or is no TableConfig, and a format that is none */
export async function readTableConfig(folder: string): Promise<NativeTableConfig> {
  const path = join(folder, TABLE_FILE);
  const type = protos().lookupType('tensorgate.TableConfig');
  const message = (await readTextProtoFile(type, path)) as TableMessage;
  const { file = '', key = {}, output = [] } = message;
  return {
    format: formatOf(path, file, message.format ?? 'FORMAT_UNSPECIFIED'),
    file,
    vocabularyFile: message.vocabulary_file ?? '',
    headerRow: message.header_row ?? false,
    key: { name: key.name || 'keys', column: key.column ?? '', dtype: dtypeOf(key.dtype) },
    outputs: output.map((each) => ({
      name: each.name || 'values',
      columns: each.column ?? [],
      dtype: dtypeOf(each.dtype),
      defaultValue: each.default_value ?? [],
      rowNumber: each.row_number ?? false,
    })),
    duplicateKeys: Math.max(0, DUPLICATE_KEYS.indexOf(String(message.duplicate_keys))),
    numOovBuckets: Number(message.num_oov_buckets ?? 0n),
    memoryMap: message.memory_map ?? false,
  };
}

function formatOf(path: string, file: string, format: string | number): number {
  const ending = /\.[^.]*$/.exec(file)?.[0].toLowerCase() ?? '';
  const name = format === 'FORMAT_UNSPECIFIED' ? (ENDINGS.get(ending) ?? '') : String(format);
  const number = FORMATS.indexOf(name);
  if (number >= 0) return number;
  throw new ServingError(
    StatusCode.INVALID_ARGUMENT,
    `${path}: format: expected one of ${FORMATS.join(', ')}, or a file that ends in one of ` +
      `${[...ENDINGS.keys()].join(', ')}, got ${String(format)} and the file "${file}"`,
    [],
    { isPermanent: true },
  );
}

/** DT_INVALID where nothing is set. */
function dtypeOf(name: string | undefined): number {
  const dtypes = protos().lookupEnum('tensorflow.DataType').values;
  return name === undefined ? 0 : (dtypes[name] ?? -1);
}

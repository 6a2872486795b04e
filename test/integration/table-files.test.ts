/** What is said of a table's files before a load, beside what the load says of the same files. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { SavedModel } from '../../src/native/saved-model.js';
import { ServingError } from '../../src/status/serving-error.js';
import { readTableConfig, TABLE_FILE } from '../../src/tables/table-config.js';
import { tableFileMistakes } from '../../src/tables/table-files.js';
import { nothingAlive } from './models.js';

const HEADER = 'file: "t.csv" header_row: true ';
const STRINGS = 'dtype: DT_STRING';
const ONE = (columns: string): string => `output { ${columns} ${STRINGS} } `;
const B = ONE('column: "b"');

/** table.pbtxt and the text of the file that it names; then the first that is said, without the folder. */
const CASES: readonly (readonly [config: string, text: string, mistake: string | null])[] = [
  [HEADER + B, 'a,b\nx,y\n', null],
  [HEADER + B, 'a,b\r\nx,y', null],
  [HEADER + B, '\uFEFFa,"b"\n"x\n","y"\n', null],
  [HEADER + `key { column: "b" } ${ONE('column: "a"')}`, 'a,b\nx,y\n', null],
  [HEADER + ONE('column: "1 ""2"""'.replaceAll('""', '\\"')), 'a,"1 ""2"""\nx,y\n', null],
  [HEADER + ONE(''), 'a,b,c\nx,y,z\n', null],
  [HEADER + B, 'a,c\nx,y\n', 't.csv: line 1: expected column "b", got "a", "c"'],
  [HEADER + B, 'b,b\nx,y\n', 't.csv: line 1: expected only one column "b", got "b", "b"'],
  [
    HEADER + `key { column: "k" } ${B}`,
    'a,b\nx,y\n',
    't.csv: line 1: expected column "k", got "a", "b"',
  ],
  [
    HEADER + B,
    'a,c,d,e,f,g,h,i,j\n1,2,3,4,5,6,7,8,9\n',
    't.csv: line 1: expected column "b", got "a", "c", "d", "e", "f", "g", "h", "i", ...',
  ],
  [
    HEADER + ONE(''),
    'a\nx\n',
    't.csv: line 1: expected columns for the output "values", got 1, all of them taken',
  ],
  [HEADER + B, 'a,b\n', 't.csv: expected at least one row, got none'],
  [HEADER + B, '', 't.csv: expected at least one row, got none'],
  [`file: "t.csv" ${ONE('column: "1"')}`, 'x,y\n', null],
  [
    `file: "t.csv" ${ONE('column: "2"')}`,
    'x,y\n',
    't.csv: line 1: expected the number of a column below 2 where there is no header_row, got "2"',
  ],
  [
    `file: "t.tsv" ${B}`,
    'x\ty\n',
    't.tsv: line 1: expected the number of a column below 2 where there is no header_row, got "b"',
  ],
  [`file: "t.tsv" ${ONE('')}`, '"\t"x\n', null],
  ['file: "t.csv" format: SIMPLE_CSV', 'x,"y\n', null],
  ['file: "t.csv" format: SIMPLE_CSV', 'x,y,z\n', 't.csv: line 1: expected 2 fields, got 3'],
  ['file: "t.jsonl"', '\n{"values": [1, 2], "key": "x", "c": {}}\n', null],
  ['file: "t.jsonl"', '{"values": NaN, "key": "x"}\n', null],
  ['file: "t.jsonl"', ' \n{"values": 1}\n', 't.jsonl: line 2: expected a member "key", got none'],
  [
    `file: "t.jsonl" key { column: "k" } ${ONE('column: "b" column: "c"')}`,
    '{"k": "x", "b": "y"}',
    't.jsonl: line 1: expected a member "c", got none',
  ],
  ['file: "t.jsonl"', '\n', 't.jsonl: expected at least one row, got none'],
  ['file: "t.txt"', 'x', null],
  [
    'file: "../t.csv"',
    '',
    'table.pbtxt: file: expected the name of a file beside it, got "../t.csv"',
  ],
  ['file: "gone.csv"', '', 'gone.csv; No such file or directory'],
  ['file: "folder.csv"', '', 'folder.csv: expected a regular file'],
  ['file: "fifo.csv"', '', 'fifo.csv: expected a regular file'],
  ['file: "t.npy" vocabulary_file: "gone.txt"', matrix(1), 'gone.txt; No such file or directory'],
];

/** As numpy.save writes a matrix of one column. */
function matrix(rows: number): string {
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, 1), }`.padEnd(117);
  return `\x93NUMPY\x01\0v\0${header}\n${'\0'.repeat(4 * rows)}`;
}

describe('The files of a table', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-table-files-'));
    mkdirSync(join(folder, 'folder.csv'));
    execFileSync('mkfifo', [join(folder, 'fifo.csv')]);
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  const put = (config: string, text: string): void => {
    writeFileSync(join(folder, TABLE_FILE), config);
    const name = /file: "(t\.\w+)"/.exec(config)?.[1] ?? 't.csv';
    writeFileSync(join(folder, name), text, name.endsWith('.npy') ? 'latin1' : 'utf8');
  };
  const without = (text: string): string => text.replaceAll(`${folder}/`, '');

  /** What the load says; null: it succeeds. */
  async function refusal(): Promise<string | null> {
    try {
      const config = await readTableConfig(folder);
      const options = { name: 'table', version: 1n, path: folder, config };
      const { model } = await SavedModel.loadTable(options, null);
      await model.unload();
      return null;
    } catch (thrown) {
      return without(ServingError.from(thrown).message);
    }
  }

  it('are said to be wrong in the words of the load, and of no table that can be loaded', async () => {
    for (const [config, text, mistake] of CASES) {
      put(config, text);
      const found = (await tableFileMistakes(folder, await readTableConfig(folder))).map(without);
      assert.equal(found[0] ?? null, mistake, config + text);
      assert.equal(await refusal(), mistake?.replace('; ', ': ') ?? null, config + text);
    }
    await nothingAlive();
  });

  it('are all named, with all of their columns', async () => {
    put(`${HEADER} key { column: "k" } ${B}`, 'a,c\n');
    const config = await readTableConfig(folder);
    const found = await tableFileMistakes(folder, { ...config, vocabularyFile: 'gone.txt' });
    assert.deepEqual(found.map(without), [
      'gone.txt; No such file or directory',
      't.csv: line 1: expected column "k", got "a", "c"',
      't.csv: line 1: expected column "b", got "a", "c"',
      't.csv: expected at least one row, got none',
    ]);
  });

  it('are left to the load where the first row is long, or no row as it should be', async () => {
    const long = `a,${'b'.repeat(1 << 20)}`;
    for (const text of [`${long}\nx,y\n`, `${long},c\nx,y,z\n`, 'a,"b', 'a"b"\nx', '"a"b\nx']) {
      put(HEADER + B, text);
      assert.deepEqual(await tableFileMistakes(folder, await readTableConfig(folder)), []);
    }
    put('file: "t.jsonl"', `{"long": "${'b'.repeat(1 << 20)}"}\n`);
    assert.deepEqual(await tableFileMistakes(folder, await readTableConfig(folder)), []);
  });
});

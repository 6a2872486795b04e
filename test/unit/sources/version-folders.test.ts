import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  folderStateOf,
  versionOf,
  versionsAmong,
  type FolderState,
} from '../../../src/sources/version-folders.js';

describe('versionOf', () => {
  it('reads a decimal int64 with blanks, sign and leading zeros', () => {
    assert.equal(versionOf('00000123'), 123n);
    assert.equal(versionOf('+4'), 4n);
    assert.equal(versionOf('-3'), -3n);
    assert.equal(versionOf(' 7 '), 7n);
    assert.equal(versionOf('20170111173521'), 20170111173521n);
    assert.equal(versionOf('9223372036854775807'), 9223372036854775807n);
  });

  it('ignores every other name', () => {
    for (const name of ['foo', '1.0', 'v1', '1_tmp', '', '9223372036854775808', '0x1']) {
      assert.equal(versionOf(name), null, name);
    }
  });
});

describe('versionsAmong', () => {
  it('orders by number, highest first, and names what is no version', () => {
    assert.deepEqual(versionsAmong('/m', ['9', '10', 'tmp', '.hidden']), {
      versions: [
        { version: 10n, path: '/m/10' },
        { version: 9n, path: '/m/9' },
      ],
      others: ['tmp'],
    });
  });

  it('takes, of several names for one version, the last in byte order', () => {
    assert.deepEqual(versionsAmong('/m', ['1', '001', '0001']).versions, [
      { version: 1n, path: '/m/1' },
    ]);
  });
});

describe('folderStateOf', () => {
  let base: string;
  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'tensorgate-folders-'));
  });
  afterEach(() => {
    rmSync(base, { recursive: true });
  });

  const stateOf = async (path: string): Promise<FolderState> => {
    const state = await folderStateOf(path);
    assert.ok(state !== null);
    return state;
  };

  it('sees a change in a folder below, whatever time the copy gave to the file', async () => {
    mkdirSync(join(base, '1', 'variables'), { recursive: true });
    const file = join(base, '1', 'variables', 'variables.data-00000-of-00001');
    writeFileSync(file, 'a');
    const before = await stateOf(join(base, '1'));
    writeFileSync(file, 'ab');
    utimesSync(file, 1, 1);
    const after = await stateOf(join(base, '1'));
    assert.notEqual(after.fingerprint, before.fingerprint);
    assert.ok(after.changedMillis >= before.changedMillis && after.changedMillis > 1000);
  });

  it('does not take moving the folder itself for a change of its content', async () => {
    mkdirSync(join(base, 'incoming'));
    writeFileSync(join(base, 'incoming', 'saved_model.pb'), '');
    const { changedMillis } = await stateOf(join(base, 'incoming'));
    renameSync(join(base, 'incoming'), join(base, '7'));
    assert.deepEqual((await stateOf(join(base, '7'))).changedMillis, changedMillis);
  });

  it('tells a folder with a model from one without', async () => {
    mkdirSync(join(base, '1'));
    assert.equal((await stateOf(join(base, '1'))).lack, 'no saved_model.pb inside');
    writeFileSync(join(base, '1', 'saved_model.pb'), '');
    assert.equal((await stateOf(join(base, '1'))).lack, null);
  });
});

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { LoadMemory } from '../../../src/servables/load-memory.js';
import { checkVersionFolder } from '../../../src/servables/version-folder-check.js';
import { StatusCode, type ServingError } from '../../../src/status/serving-error.js';
import { asNobody } from '../sources/as-nobody.js';

const ID = { name: 'm', version: 1n };
const RESERVING =
  'Error while attempting to reserve resources to load servable {name: m version: 1}: ';

describe('checkVersionFolder', () => {
  let base: string;
  let folder: string;
  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'tensorgate-check-'));
    chmodSync(base, 0o755);
    folder = join(base, '1');
    mkdirSync(folder);
  });
  afterEach(() => {
    rmSync(base, { recursive: true });
  });

  const add = (...names: string[]): void => {
    for (const name of names) writeFileSync(join(folder, name), '');
  };
  const refusal = (work: Promise<unknown>): Promise<ServingError> =>
    work.then(
      () => assert.fail('it was not refused'),
      (error: unknown) => error as ServingError,
    );
  const refused = (): Promise<ServingError> => refusal(checkVersionFolder(ID, folder));

  for (const name of ['saved_model.pb', 'saved_model.pbtxt', 'model.tflite', 'model.onnx']) {
    it(`takes a folder with ${name}`, async () => {
      add(name, 'm.onnx');
      await checkVersionFolder(ID, folder);
    });
  }

  it('says in the words of upstream that there is no model, which another attempt may find', async () => {
    add('fingerprint.pb');
    const error = await refused();
    assert.equal(
      String(error),
      'NOT_FOUND: Specified file path does not appear to contain a SavedModel bundle (should have ' +
        `a file called \`saved_model.pb\`)\nSpecified file path: ${folder}`,
    );
    assert.equal(error.isPermanent, false);
  });

  for (const [name, what] of [
    ['digits.tflite', 'a TFLite model (digits.tflite): call it model.tflite'],
    ['resnet.ONNX', 'an ONNX model (resnet.ONNX): call it model.onnx'],
    ['m.keras', 'a Keras file (m.keras): load it in Python'],
    ['frozen.pb', 'a graph without signatures (frozen.pb): save it anew'],
    ['m.safetensors', 'weights (m.safetensors): only TensorFlow SavedModels'],
  ] as const) {
    it(`says what ${name} is, and that no attempt will mend it`, async () => {
      add(name);
      const error = await refused();
      assert.equal(error.code, StatusCode.NOT_FOUND);
      assert.ok(error.message.includes(`\nIt holds ${what}`), error.message);
      assert.equal(error.isPermanent, true);
    });
  }

  it('refuses a session bundle for good', async () => {
    add('export.meta', 'saved_model.pb');
    const error = await refused();
    assert.equal(String(error), 'UNIMPLEMENTED: Session Bundle is deprecated and removed.');
    assert.equal(error.isPermanent, true);
  });

  it('names the path of a file, of what is gone, and of links that lead nowhere', async () => {
    rmSync(folder, { recursive: true });
    assert.equal(
      String(await refused()),
      `NOT_FOUND: ${RESERVING}${folder}; No such file or directory`,
    );
    writeFileSync(folder, '');
    assert.equal(
      String(await refused()),
      `FAILED_PRECONDITION: ${RESERVING}${folder}; Not a directory`,
    );
    rmSync(folder);
    symlinkSync('/no/such/folder', folder);
    assert.equal(
      String(await refused()),
      `NOT_FOUND: ${RESERVING}${folder} is a link to /no/such/folder; No such file or directory`,
    );
    rmSync(folder);
    symlinkSync('1', folder);
    assert.equal(
      String(await refused()),
      `FAILED_PRECONDITION: ${RESERVING}${folder}; Too many levels of symbolic links`,
    );
  });

  it('says PERMISSION_DENIED, and where, of the folder and of one inside', async () => {
    add('saved_model.pb');
    chmodSync(folder, 0o700);
    chmodSync(base, 0o755);
    const notes = join(folder, 'notes');
    mkdirSync(notes, { mode: 0o700 });
    if (process.geteuid?.() !== 0) chmodSync(folder, 0);
    await asNobody(async () => {
      assert.equal(
        String(await refused()),
        `PERMISSION_DENIED: ${RESERVING}${folder}; Permission denied`,
      );
    });
    chmodSync(folder, 0o755);
    if (process.geteuid?.() !== 0) chmodSync(notes, 0);
    await asNobody(async () => {
      await checkVersionFolder(ID, folder);
      assert.equal(
        String(await refusal(new LoadMemory().reserve(ID, folder))),
        `PERMISSION_DENIED: ${RESERVING}${notes}; Permission denied`,
      );
    });
    chmodSync(notes, 0o755);
  });
});

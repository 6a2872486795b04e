/** Base paths and versions that cannot be served: what is told of them, and what is left out. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { ServingError } from '../../../src/status/serving-error.js';
import { asNobody } from './as-nobody.js';
import { until, watchedFolder } from './watched-folder.js';

describe('FileSystemLooker, of what is amiss,', () => {
  const watch = watchedFolder();
  const { add, model, reported, start } = watch;

  it('reports the empty set, and says so, when the base path has no version', async () => {
    start();
    await until(() => reported() === '');
    assert.match(watch.warnings[0] ?? '', /^No versions of servable m found under base path /);
  });

  it('reports the other models when the base path of one is missing, and names it once', async () => {
    add('1');
    start([{ ...model(), name: 'lost', basePath: join(watch.base, 'lost') }, model()]);
    await until(() => watch.reports.length > 3);
    assert.equal(reported('lost'), 'nothing');
    assert.equal(watch.warnings.length, 1);
    assert.match(
      watch.warnings[0] ?? '',
      /Could not find base path .*lost for servable lost with error/,
    );
    mkdirSync(join(watch.base, 'lost', '3'), { recursive: true });
    writeFileSync(join(watch.base, 'lost', '3', 'saved_model.pb'), '');
    await until(() => reported('lost') === '3');
  });

  describe('says what is wrong, and what to do,', () => {
    const LAYOUT =
      '. A base path holds a folder for each version, which holds the model: BASE/1/saved_model.pb';
    const told = async (): Promise<ServingError> => {
      await until(() => (watch.troubles.get('m') ?? null) !== null);
      return watch.troubles.get('m') as ServingError;
    };
    const isTold = async (text: string, isPermanent: boolean, path = watch.base): Promise<void> => {
      start([model({ basePath: path })]);
      const trouble = await told();
      assert.equal(String(trouble), text);
      assert.equal(trouble.isPermanent, isPermanent);
      await until(() => watch.warnings.length > 0);
      assert.ok(watch.warnings[0]?.endsWith(trouble.message), watch.warnings[0]);
      assert.equal(watch.reports.flatMap(([, versions]) => versions).length, 0);
    };

    it('of a base path that is missing, and goes on looking', async () => {
      const path = join(watch.base, 'a', 'm');
      await isTold(`NOT_FOUND: ${path}; No such file or directory`, false, path);
      mkdirSync(join(path, '1'), { recursive: true });
      writeFileSync(join(path, '1', 'saved_model.pb'), '');
      await until(() => reported() === '1');
      await until(() => watch.troubles.get('m') === null);
    });

    it('of a link to nowhere in the base path, until it leads somewhere', async () => {
      const link = join(watch.base, 'link');
      symlinkSync(join(watch.base, 'later'), link);
      const path = join(link, 'm');
      const what = `${link} is a link to ${join(watch.base, 'later')}: ${path}`;
      await isTold(`NOT_FOUND: ${what}; No such file or directory`, false, path);
      mkdirSync(join(watch.base, 'later', 'm', '1'), { recursive: true });
      writeFileSync(join(watch.base, 'later', 'm', '1', 'saved_model.pb'), '');
      await until(() => reported() === '1');
    });

    it('of a link that leads in a circle', async () => {
      const path = join(watch.base, 'loop');
      symlinkSync('loop', path);
      const text = 'Too many levels of symbolic links';
      await isTold(`FAILED_PRECONDITION: ${path}; ${text}`, true, path);
    });

    it('of a base path that is a file, or lies in one', async () => {
      const path = join(watch.base, 'm');
      writeFileSync(path, '');
      await isTold(`FAILED_PRECONDITION: ${path} is a file, not a folder${LAYOUT}`, true, path);
      watch.source.close();
      watch.warnings = [];
      watch.troubles.clear();
      const inside = join(path, 'x');
      await isTold(`FAILED_PRECONDITION: ${inside}; Not a directory`, false, inside);
    });

    it('of a model file in the place of a base path', async () => {
      const path = join(watch.base, 'm.tflite');
      writeFileSync(path, '');
      const advice = 'call it model.tflite';
      const what = `${path} is no folder, but a TFLite model (m.tflite): ${advice}${LAYOUT}`;
      await isTold(`FAILED_PRECONDITION: ${what}`, true, path);
    });

    it('of a base path that is a SavedModel itself', async () => {
      writeFileSync(join(watch.base, 'saved_model.pb'), '');
      mkdirSync(join(watch.base, 'variables'));
      const what = `${watch.base} is itself a SavedModel (it holds saved_model.pb): move it into a folder`;
      const such = `whose name is a number, such as ${join(watch.base, '1')}`;
      await isTold(`FAILED_PRECONDITION: ${what} ${such}${LAYOUT}`, true);
      add('1'); // it may be given, all the same
      await until(() => reported() === '1');
    });

    it('of a base path that is a version', async () => {
      add('7');
      const path = join(watch.base, '7');
      const what = `${path} is itself a SavedModel (it holds saved_model.pb)`;
      const advice = `give the folder above it, ${watch.base}`;
      await isTold(`FAILED_PRECONDITION: ${what}: ${advice}${LAYOUT}`, true, path);
    });

    it('of a model that is no SavedModel', async () => {
      writeFileSync(join(watch.base, 'resnet.onnx'), '');
      const what = 'an ONNX model (resnet.onnx): call it model.onnx';
      await isTold(`FAILED_PRECONDITION: ${watch.base} holds ${what}${LAYOUT}`, true);
    });

    it('of models that lie deeper', async () => {
      add(join('m', '1'));
      start();
      const { message, isPermanent } = await told();
      assert.match(message, /^No versions of servable m found under base path .*number/);
      const deeper = `; ${join(watch.base, 'm', '1')} is one of base path ${join(watch.base, 'm')}`;
      assert.ok(message.endsWith(deeper), message);
      assert.equal(isPermanent, false);
      renameSync(join(watch.base, 'm', '1'), join(watch.base, 'model'));
      await until(() => watch.warnings.at(-1)?.includes('its name is no number') === true);
    });

    it('of versions that the policy does not want', async () => {
      add('1');
      start([model({ policy: { kind: 'specific', versions: [2n] } })]);
      const { message } = await told();
      assert.equal(
        message,
        `No version of servable m that its version policy wants is under base path ${watch.base}`,
      );
    });

    it('of a base path that may not be read', async () => {
      chmodSync(watch.base, process.geteuid?.() === 0 ? 0o700 : 0);
      await asNobody(async () => {
        await isTold(`PERMISSION_DENIED: ${watch.base}; Permission denied`, false);
        watch.source.close();
      });
      chmodSync(watch.base, 0o700);
      assert.match(watch.warnings[0] ?? '', /Cannot use base path/);
    });
  });

  it('reports a version that may not be read, though there is another, and again when it may', async () => {
    chmodSync(watch.base, 0o755);
    add('1');
    add('2');
    chmodSync(join(watch.base, '1'), 0o755);
    chmodSync(join(watch.base, '2'), process.geteuid?.() === 0 ? 0o700 : 0);
    await asNobody(async () => {
      start();
      await until(() => reported() === '2');
      watch.source.close();
    });
    const before = watch.reports.at(-1)?.[1][0]?.fingerprint;
    chmodSync(join(watch.base, '2'), 0o755);
    watch.failed.add(2n);
    watch.reports = [];
    start();
    await until(() => reported() === '2');
    assert.notEqual(watch.reports.at(-1)?.[1][0]?.fingerprint, before);
  });

  for (const [what, make, lack] of [
    ['a file', (path: string) => writeFileSync(path, ''), 'not a folder'],
    [
      'a link to nowhere',
      (path: string) => symlinkSync('/no/such', path),
      'a link to /no/such, not there',
    ],
    [
      'a link in a circle',
      (path: string) => symlinkSync(path, path),
      'a link that leads in a circle',
    ],
    [
      'a folder with something else',
      (path: string) => {
        mkdirSync(path);
        writeFileSync(join(path, 'digits.tflite'), '');
      },
      'a TFLite model (digits.tflite): call it model.tflite',
    ],
  ] as const) {
    it(`passes over ${what} while there is another version, and says what it is`, async () => {
      make(join(watch.base, '2'));
      start();
      await until(() => reported() === '2'); // so that its load shows why
      add('1');
      watch.source.close();
      watch.reports = [];
      start();
      await until(() => reported() === '1');
      const text = `Skipped under base path ${watch.base} of servable m: 2 (${lack})`;
      await until(() => watch.warnings.includes(text));
    });
  }

  it('leaves out a version without a model while there is another, and names it once', async () => {
    add('1');
    mkdirSync(join(watch.base, '2'));
    start();
    await until(() => watch.reports.length > 3);
    assert.equal(reported(), '1');
    assert.deepEqual(
      watch.warnings.filter((text) => text.includes('no saved_model.pb inside')),
      [`Skipped under base path ${watch.base} of servable m: 2 (no saved_model.pb inside)`],
    );
    writeFileSync(join(watch.base, '2', 'saved_model.pb'), '');
    await until(() => reported() === '2');
  });

  it('reports a version without a model when there is no other, so that its load shows why', async () => {
    mkdirSync(join(watch.base, '2'));
    start();
    await until(() => reported() === '2');
  });
});

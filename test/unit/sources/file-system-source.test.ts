import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { singleModel, type ModelConfig } from '../../../src/config/model-config.js';
import type { AspiredVersion } from '../../../src/core/source.js';
import { FileSystemSource } from '../../../src/sources/file-system-source.js';
import { StatusCode, type ServingError } from '../../../src/status/serving-error.js';
import { asNobody } from './as-nobody.js';

const POLL_SECONDS = 0.01;

describe('FileSystemSource', () => {
  let base: string;
  let warnings: string[];
  let reports: (readonly [name: string, versions: readonly AspiredVersion[]])[];
  let failed: Set<bigint>;
  /** By model, the last ones told. */
  let troubles: Map<string, ServingError | null>;
  let source: FileSystemSource;

  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'tensorgate-source-'));
    warnings = [];
    reports = [];
    failed = new Set();
    troubles = new Map();
  });
  afterEach(() => {
    source.close();
    rmSync(base, { recursive: true });
  });

  function start(
    models: readonly ModelConfig[] = [model()],
    { pollWaitSeconds = POLL_SECONDS, settleMillis = 0 } = {},
  ): void {
    const log = { warn: (text: string) => warnings.push(text) };
    source = new FileSystemSource({
      pollWaitSeconds,
      settleMillis,
      log: log as never,
      hasFailed: (_, version) => failed.has(version),
    });
    source.configure(models);
    source.start({
      aspire: (name, versions) => reports.push([name, versions]),
      troubled: (name, trouble) => troubles.set(name, trouble),
    });
  }

  const model = (more: Partial<ModelConfig> = {}): ModelConfig => ({
    ...singleModel('m', base),
    ...more,
  });

  function add(name: string, content = ''): void {
    mkdirSync(join(base, name), { recursive: true });
    writeFileSync(join(base, name, 'saved_model.pb'), content);
  }

  async function until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise(setImmediate);
  }

  /** The versions of `name` that were reported last. */
  const reported = (name = 'm'): string =>
    reports
      .filter((report) => report[0] === name)
      .at(-1)?.[1]
      .map(({ version }) => version)
      .join() ?? 'nothing';

  it('reports the latest version', async () => {
    for (const name of ['42', '17', 'non_numerical_child']) add(name);
    start();
    await until(() => reported() === '42');
    assert.equal(reports[0]?.[1][0]?.path, join(base, '42'));
  });

  it('reports as many of the latest as the policy says', async () => {
    for (const name of ['42', '33', '30', '21', '17']) add(name);
    start([model({ policy: { kind: 'latest', count: 3 } })]);
    await until(() => reported() === '42,33,30');
  });

  it('reports all versions', async () => {
    for (const name of ['42', '17']) add(name);
    start([model({ policy: { kind: 'all' } })]);
    await until(() => reported() === '42,17');
  });

  it('reports specific versions with the path as found, and names those that are missing', async () => {
    for (const name of ['42', '00017', '30']) add(name);
    start([model({ policy: { kind: 'specific', versions: [17n, 30n, 99n] } })]);
    await until(() => reported() === '30,17');
    assert.equal(reports[0]?.[1][1]?.path, join(base, '00017'));
    assert.match(warnings[0] ?? '', /^Version 99 of servable m, which was requested/);
  });

  describe('with a shadow version', () => {
    const shadow = (version: bigint): ModelConfig['shadow'] => ({
      version,
      share: 1,
      tolerance: 0,
    });

    for (const [what, policy, expected] of [
      ['beside the latest', { kind: 'latest', count: 1 }, '5,3'],
      ['beside several', { kind: 'latest', count: 2 }, '5,4,3'],
      ['beside specific ones', { kind: 'specific', versions: [1n] }, '3,1'],
      ['once, though it is named', { kind: 'specific', versions: [1n, 3n] }, '3,1'],
      ['among all', { kind: 'all' }, '5,4,3,1'],
    ] as const) {
      it(`reports it ${what}`, async () => {
        for (const name of ['1', '3', '4', '5']) add(name);
        start([model({ policy, shadow: shadow(3n) })]);
        await until(() => reported() === expected);
        assert.deepEqual(warnings, []);
      });
    }

    it('reports the latest of the others where the shadow is the highest', async () => {
      for (const name of ['1', '2', '3']) add(name);
      start([model({ shadow: shadow(3n) })]);
      await until(() => reported() === '3,2');
    });

    it('names it once when it is not there', async () => {
      add('1');
      start([model({ shadow: shadow(9n) })]);
      await until(() => reports.length > 2);
      assert.equal(reported(), '1');
      assert.deepEqual(warnings, [
        'Shadow version 9 of servable m was not found in the file system',
      ]);
    });
  });

  it('reports the empty set for a specific policy that names no version', async () => {
    add('1');
    start([model({ policy: { kind: 'specific', versions: [] } })]);
    await until(() => reported() === '');
  });

  it('reports the empty set, and says so, when the base path has no version', async () => {
    start();
    await until(() => reported() === '');
    assert.match(warnings[0] ?? '', /^No versions of servable m found under base path /);
  });

  it('drops a version whose folder was removed or renamed, and finds a new one', async () => {
    for (const name of ['1', '2']) add(name);
    start();
    await until(() => reported() === '2');
    renameSync(join(base, '2'), join(base, 'two'));
    await until(() => reported() === '1');
    add('3');
    await until(() => reported() === '3');
    rmSync(join(base, '3'), { recursive: true });
    rmSync(join(base, '1'), { recursive: true });
    await until(() => reported() === '');
  });

  it('reports the other models when the base path of one is missing, and names it once', async () => {
    add('1');
    start([{ ...model(), name: 'lost', basePath: join(base, 'lost') }, model()]);
    await until(() => reports.length > 3);
    assert.equal(reported('lost'), 'nothing');
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /Could not find base path .*lost for servable lost with error/);
    mkdirSync(join(base, 'lost', '3'), { recursive: true });
    writeFileSync(join(base, 'lost', '3', 'saved_model.pb'), '');
    await until(() => reported('lost') === '3');
  });

  describe('says what is wrong, and what to do,', () => {
    const LAYOUT =
      '. A base path holds a folder for each version, which holds the model: BASE/1/saved_model.pb';
    const told = async (): Promise<ServingError> => {
      await until(() => (troubles.get('m') ?? null) !== null);
      return troubles.get('m') as ServingError;
    };
    const isTold = async (text: string, isPermanent: boolean, path = base): Promise<void> => {
      start([model({ basePath: path })]);
      const trouble = await told();
      assert.equal(String(trouble), text);
      assert.equal(trouble.isPermanent, isPermanent);
      await until(() => warnings.length > 0);
      assert.ok(warnings[0]?.endsWith(trouble.message), warnings[0]);
      assert.equal(reports.flatMap(([, versions]) => versions).length, 0);
    };

    it('of a base path that is missing, and goes on looking', async () => {
      const path = join(base, 'a', 'm');
      await isTold(`NOT_FOUND: ${path}; No such file or directory`, false, path);
      mkdirSync(join(path, '1'), { recursive: true });
      writeFileSync(join(path, '1', 'saved_model.pb'), '');
      await until(() => reported() === '1');
      await until(() => troubles.get('m') === null);
    });

    it('of a link to nowhere in the base path, until it leads somewhere', async () => {
      const link = join(base, 'link');
      symlinkSync(join(base, 'later'), link);
      const path = join(link, 'm');
      const what = `${link} is a link to ${join(base, 'later')}: ${path}`;
      await isTold(`NOT_FOUND: ${what}; No such file or directory`, false, path);
      mkdirSync(join(base, 'later', 'm', '1'), { recursive: true });
      writeFileSync(join(base, 'later', 'm', '1', 'saved_model.pb'), '');
      await until(() => reported() === '1');
    });

    it('of a link that leads in a circle', async () => {
      const path = join(base, 'loop');
      symlinkSync('loop', path);
      const text = 'Too many levels of symbolic links';
      await isTold(`FAILED_PRECONDITION: ${path}; ${text}`, true, path);
    });

    it('of a base path that is a file, or lies in one', async () => {
      const path = join(base, 'm');
      writeFileSync(path, '');
      await isTold(`FAILED_PRECONDITION: ${path} is a file, not a folder${LAYOUT}`, true, path);
      source.close();
      warnings = [];
      troubles.clear();
      const inside = join(path, 'x');
      await isTold(`FAILED_PRECONDITION: ${inside}; Not a directory`, false, inside);
    });

    it('of a model file in the place of a base path', async () => {
      const path = join(base, 'm.tflite');
      writeFileSync(path, '');
      const advice = 'TFLite is not served, export the original as a SavedModel';
      const what = `${path} is no folder, but a TFLite model (m.tflite): ${advice}${LAYOUT}`;
      await isTold(`FAILED_PRECONDITION: ${what}`, true, path);
    });

    it('of a base path that is a SavedModel itself', async () => {
      writeFileSync(join(base, 'saved_model.pb'), '');
      mkdirSync(join(base, 'variables'));
      const what = `${base} is itself a SavedModel (it holds saved_model.pb): move it into a folder`;
      const such = `whose name is a number, such as ${join(base, '1')}`;
      await isTold(`FAILED_PRECONDITION: ${what} ${such}${LAYOUT}`, true);
      add('1'); // it may be given, all the same
      await until(() => reported() === '1');
    });

    it('of a base path that is a version', async () => {
      add('7');
      const path = join(base, '7');
      const what = `${path} is itself a SavedModel (it holds saved_model.pb)`;
      const advice = `give the folder above it, ${base}`;
      await isTold(`FAILED_PRECONDITION: ${what}: ${advice}${LAYOUT}`, true, path);
    });

    it('of a model that is no SavedModel', async () => {
      writeFileSync(join(base, 'resnet.onnx'), '');
      const what = 'an ONNX model (resnet.onnx): ONNX is not served, convert it to a SavedModel';
      await isTold(`FAILED_PRECONDITION: ${base} holds ${what}${LAYOUT}`, true);
    });

    it('of models that lie deeper', async () => {
      add(join('m', '1'));
      start();
      const { message, isPermanent } = await told();
      assert.match(message, /^No versions of servable m found under base path .*number/);
      const deeper = `; ${join(base, 'm', '1')} is one of base path ${join(base, 'm')}`;
      assert.ok(message.endsWith(deeper), message);
      assert.equal(isPermanent, false);
      renameSync(join(base, 'm', '1'), join(base, 'model'));
      await until(() => warnings.at(-1)?.includes('its name is no number') === true);
    });

    it('of versions that the policy does not want', async () => {
      add('1');
      start([model({ policy: { kind: 'specific', versions: [2n] } })]);
      const { message } = await told();
      assert.equal(
        message,
        `No version of servable m that its version policy wants is under base path ${base}`,
      );
    });

    it('of a base path that may not be read', async () => {
      chmodSync(base, process.geteuid?.() === 0 ? 0o700 : 0);
      await asNobody(async () => {
        await isTold(`PERMISSION_DENIED: ${base}; Permission denied`, false);
        source.close();
      });
      chmodSync(base, 0o700);
      assert.match(warnings[0] ?? '', /Cannot use base path/);
    });
  });

  it('reports a version that may not be read, though there is another, and again when it may', async () => {
    chmodSync(base, 0o755);
    add('1');
    add('2');
    chmodSync(join(base, '1'), 0o755);
    chmodSync(join(base, '2'), process.geteuid?.() === 0 ? 0o700 : 0);
    await asNobody(async () => {
      start();
      await until(() => reported() === '2');
      source.close();
    });
    const before = reports.at(-1)?.[1][0]?.fingerprint;
    chmodSync(join(base, '2'), 0o755);
    failed.add(2n);
    reports = [];
    start();
    await until(() => reported() === '2');
    assert.notEqual(reports.at(-1)?.[1][0]?.fingerprint, before);
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
        writeFileSync(join(path, 'model.tflite'), '');
      },
      'a TFLite model (model.tflite): TFLite is not served, export the original as a SavedModel',
    ],
  ] as const) {
    it(`passes over ${what} while there is another version, and says what it is`, async () => {
      make(join(base, '2'));
      start();
      await until(() => reported() === '2'); // so that its load shows why
      add('1');
      source.close();
      reports = [];
      start();
      await until(() => reported() === '1');
      const text = `Skipped under base path ${base} of servable m: 2 (${lack})`;
      await until(() => warnings.includes(text));
    });
  }

  it('reads a URI of this machine', async () => {
    add('1');
    start([model({ basePath: `file://${base}` })]);
    await until(() => reported() === '1');
    assert.equal(reports[0]?.[1][0]?.path, join(base, '1'));
    assert.deepEqual(await source.found('m'), [1n]);
  });

  it('takes as long as it is to between two looks, which a timer may not', async () => {
    add('1');
    start([model()], { pollWaitSeconds: 2 ** 31 });
    await until(() => reported() === '1');
    for (let turn = 0; turn < 20; ++turn) await new Promise(setImmediate);
    assert.equal(reports.length, 1);
  });

  it('waits until the files of a version rest, and then takes it', async () => {
    add('1');
    start([model()], { settleMillis: 200 });
    await until(() => reported() === '1');
    add('2');
    // Written faster than the settling time: it must not be taken before the last write.
    for (let i = 0; i < 20; ++i) {
      writeFileSync(join(base, '2', `file-${i}`), 'x');
      assert.equal(reported(), '1');
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
    }
    await until(() => reported() === '2');
  });

  it('looks again soon at files that do not rest, even where it was to look once', async () => {
    add('1');
    start([model()], { pollWaitSeconds: 0, settleMillis: 50 });
    await until(() => reported() === '1');
  });

  it('leaves out a version without a model while there is another, and names it once', async () => {
    add('1');
    mkdirSync(join(base, '2'));
    start();
    await until(() => reports.length > 3);
    assert.equal(reported(), '1');
    assert.deepEqual(
      warnings.filter((text) => text.includes('no saved_model.pb inside')),
      [`Skipped under base path ${base} of servable m: 2 (no saved_model.pb inside)`],
    );
    writeFileSync(join(base, '2', 'saved_model.pb'), '');
    await until(() => reported() === '2');
  });

  it('reports a version without a model when there is no other, so that its load shows why', async () => {
    mkdirSync(join(base, '2'));
    start();
    await until(() => reported() === '2');
  });

  it('looks when it is asked to, even if it never looks by itself, and tells all that is there', async () => {
    for (const name of ['1', '2', 'x']) add(name);
    start([model()], { pollWaitSeconds: -1 });
    assert.deepEqual(reports, []);
    await source.rescan('m');
    assert.equal(reported(), '2');
    assert.deepEqual(await source.found('m'), [2n, 1n]);
    await source.rescan('unknown');
    assert.deepEqual(await source.found('unknown'), []);
    assert.equal(reports.length, 1);
    rmSync(base, { recursive: true });
    await assert.rejects(source.found('m'), { code: StatusCode.NOT_FOUND });
    mkdirSync(base);
  });

  it('gives a failed version a new fingerprint at each rescan, and none in between', async () => {
    add('1');
    failed.add(1n);
    start([model()], { pollWaitSeconds: 0 });
    await until(() => reports.length === 1);
    await source.rescan('m');
    source.configure([model()]);
    await until(() => reports.length === 3);
    await source.rescan('m');
    const [first, second, third, fourth] = reports.map(([, [only]]) => only?.fingerprint);
    assert.notEqual(first, second);
    assert.equal(second, third);
    assert.notEqual(third, fourth);
  });

  it('gives a failed version a new fingerprint when its files change', async () => {
    add('1');
    start();
    await until(() => reported() === '1');
    const before = reports.at(-1)?.[1][0]?.fingerprint;
    failed.add(1n);
    add('1', 'other content');
    await until(() => reports.at(-1)?.[1][0]?.fingerprint !== before);
  });

  it('reports the empty set at once for a model that is dropped, and finds a new one', async () => {
    add('1');
    start();
    await until(() => reported() === '1');
    source.configure([model({ name: 'other' })]);
    assert.equal(reported(), '');
    await until(() => reported('other') === '1');
  });

  it('follows a change of base path, and back', async () => {
    add('1');
    const other = join(base, 'other');
    mkdirSync(join(other, '7'), { recursive: true });
    writeFileSync(join(other, '7', 'saved_model.pb'), '');
    start();
    await until(() => reported() === '1');
    source.configure([model({ basePath: other })]);
    await until(() => reported() === '7');
    assert.equal(reports.at(-1)?.[1][0]?.path, join(other, '7'));
    source.configure([model()]);
    await until(() => reported() === '1');
  });

  it('gives each of several models its own set', async () => {
    add('1');
    mkdirSync(join(base, 'empty'));
    start([
      model(),
      model({ name: 'twin', policy: { kind: 'all' } }),
      model({ name: 'empty', basePath: join(base, 'empty') }),
    ]);
    add('2');
    await until(() => reported() === '2' && reported('twin') === '2,1');
    await until(() => reported('empty') === '');
  });

  it('follows a change of policy', async () => {
    for (const name of ['1', '2']) add(name);
    start();
    await until(() => reported() === '2');
    source.configure([model({ policy: { kind: 'all' } })]);
    await until(() => reported() === '2,1');
  });

  it('looks once when told so, and again when it is configured anew', async () => {
    add('1');
    start([model()], { pollWaitSeconds: 0 });
    await until(() => reported() === '1');
    add('2');
    source.configure([model()]);
    await until(() => reported() === '2');
    assert.equal(reports.length, 2);
  });

  it('never looks when told so, unless a model has an interval of its own', async () => {
    add('1');
    start([model(), model({ name: 'own', pollWaitSeconds: 0 })], { pollWaitSeconds: -1 });
    await until(() => reported('own') === '1');
    assert.equal(reported(), 'nothing');
  });
});

import assert from 'node:assert/strict';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { singleModel, type ModelServerConfig } from '../../../src/config/model-config.js';
import { ModelConfigFile } from '../../../src/sources/model-config-file.js';
import { ServingError, StatusCode } from '../../../src/status/serving-error.js';

const M = singleModel('m', '/m');
const listing = (path: string): string =>
  `model_config_list { config { name: "m" base_path: "${path}" model_platform: "tensorflow" } }`;

describe('ModelConfigFile', () => {
  let folder: string;
  let path: string;
  let file: ModelConfigFile;
  let reloaded: ModelServerConfig[];
  /** What the next reload is refused with. */
  let refusal: Error | null;
  let onReload: () => void;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-config-'));
    path = join(folder, 'models.config');
    writeFileSync(path, listing('/m'));
    reloaded = [];
    refusal = null;
    onReload = () => undefined;
    file = new ModelConfigFile({
      path,
      pollWaitSeconds: 0.01,
      log: { error: () => undefined } as never,
      reload: async (read, onAccepted) => {
        const config = await read();
        if (refusal !== null) throw refusal;
        reloaded.push(config);
        onAccepted();
      },
      onReload: () => onReload(),
    });
  });
  afterEach(() => {
    file.close();
    rmSync(folder, { recursive: true });
  });

  const polled = async (): Promise<void> => {
    const isDone = new Promise<void>((resolve) => (onReload = resolve));
    file.start();
    await isDone;
    file.close();
  };
  const isRefused = (error: { code?: unknown; message?: string }): boolean => {
    assert.equal(error.code, StatusCode.FAILED_PRECONDITION);
    assert.match(error.message ?? '', /models\.config has changed since it was put in force/);
    return true;
  };

  it('writes what it then reads, an empty list too, and leaves nothing else behind', async () => {
    await file.read();
    const labels = new Map([['a "label"', new Map([[7n, 1]])]]);
    const models = [{ ...M, labels }, singleModel('n\n\u00e9\\', '/n')];
    await file.write(models, false);
    assert.deepEqual(await file.read(), { kind: 'models', models });
    await file.write([], false);
    assert.deepEqual(await file.read(), { kind: 'models', models: [] });
    assert.deepEqual(readdirSync(folder), ['models.config']);
  });

  it('keeps the mode of the file, and a link a link', async () => {
    chmodSync(path, 0o640);
    const link = join(folder, 'link');
    symlinkSync(path, link);
    const linked = new ModelConfigFile({
      path: link,
      pollWaitSeconds: 0,
      log: {} as never,
      reload: () => Promise.resolve(),
    });
    await linked.read();
    await linked.write([], false);
    assert.equal(statSync(path).mode & 0o777, 0o640);
    assert.ok(lstatSync(link).isSymbolicLink());
    assert.doesNotMatch(readFileSync(path, 'utf8'), /"m"/);
  });

  it('writes over no text that was not in force, unless told to', async () => {
    await file.read();
    writeFileSync(path, listing('/by-hand'));
    await assert.rejects(file.write([M], false), isRefused);
    assert.equal(readFileSync(path, 'utf8'), listing('/by-hand'));
    await polled();
    assert.equal(reloaded.length, 1);
    await file.write([M], false); // it is in force now
    writeFileSync(path, listing('/refused'));
    refusal = new Error('a label');
    await polled();
    await assert.rejects(file.write([M], false), isRefused);
    writeFileSync(path, 'broken {');
    await polled();
    await assert.rejects(file.write([M], false), isRefused);
    await file.write([M], true);
    assert.deepEqual(await file.read(), { kind: 'models', models: [M] });
  });

  it('says what is wrong when it cannot write, and leaves the file as it was', async () => {
    await file.read();
    rmSync(path);
    const isMissing = { code: StatusCode.INTERNAL, message: /^Cannot write .*config: ENOENT/ };
    await assert.rejects(file.write([M], false), isMissing);
    assert.deepEqual(readdirSync(folder), []);
    mkdirSync(path); // a folder cannot be replaced by a file
    await assert.rejects(file.write([M], true), { code: StatusCode.INTERNAL });
    assert.deepEqual(readdirSync(folder), ['models.config']);
  });

  it('goes on reading while a model of what is in force is waited for', async () => {
    let isLost: (error: Error) => void = () => undefined;
    const lines: string[] = [];
    const outcomes: (Error | null)[] = [];
    let reloads = 0;
    const polled = new ModelConfigFile({
      path,
      pollWaitSeconds: 0.01,
      log: {
        error: (_: object, text: string) => lines.push(text),
        info: (text: string) => lines.push(text),
      } as never,
      reload: async (read, onAccepted) => {
        await read();
        onAccepted();
        if (++reloads === 1) await new Promise((_, reject) => (isLost = reject));
      },
      onReload: (error) => outcomes.push(error),
    });
    polled.start();
    while (reloads < 3) await new Promise(setImmediate);
    assert.deepEqual(new Set(outcomes), new Set([null]));
    const superseded = new ServingError(StatusCode.ABORTED, 'superseded');
    isLost(superseded);
    while (!outcomes.includes(superseded)) await new Promise(setImmediate);
    polled.close();
    assert.deepEqual(lines, ['PollFilesystemAndReloadConfig failed to ReloadConfig: superseded']);
  });

  it('tells of a reload that a stop ends, but not as an error', async () => {
    let isOver: (error: Error) => void = () => undefined;
    const told: string[] = [];
    const polled = new ModelConfigFile({
      path,
      pollWaitSeconds: 0.01,
      log: {
        error: () => told.push('error'),
        info: (text: string) => told.push(text),
      } as never,
      reload: async (read) => {
        await read();
        await new Promise((_, reject) => (isOver = reject));
      },
    });
    const unchanged = isOver;
    polled.start();
    while (isOver === unchanged) await new Promise(setImmediate);
    polled.close();
    isOver(new ServingError(StatusCode.UNAVAILABLE, 'stops'));
    while (told.length === 0) await new Promise(setImmediate);
    assert.deepEqual(told, ['PollFilesystemAndReloadConfig failed to ReloadConfig: stops']);
  });

  it('reads and writes what a URI of this machine names', async () => {
    const named = new ModelConfigFile({
      path: `file://${path}`,
      pollWaitSeconds: 0,
      log: {} as never,
      reload: () => Promise.resolve(),
    });
    await named.read();
    await named.write([M], false);
    assert.deepEqual(await named.read(), { kind: 'models', models: [M] });
  });
});

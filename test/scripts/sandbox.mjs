/**
 * A folder of its own for one test, with stub commands that come first in the PATH; for the scripts that fetch
 * wheels, a wheel of ours in a folder that they find it in.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** @typedef {{status: number | null, signal: string | null, stdout: string, stderr: string}} Ended */

export class Sandbox {
  folder = mkdtempSync(join(tmpdir(), 'tensorgate-test-'));
  bin = join(this.folder, 'bin');
  /** @type {Record<string, string | undefined>} */
  env = { ...process.env, PATH: `${this.bin}:${process.env.PATH}` };

  constructor() {
    mkdirSync(this.bin);
    for (const name of Object.keys(this.env)) {
      if (/^(TENSORGATE_|LIBTENSORFLOW_|OPENVINO_|PIP_)/.test(name)) delete this.env[name];
    }
  }

  /** @param {string[]} paths of the checkout, copied to the same place in the sandbox */
  copy(...paths) {
    for (const path of paths)
      cpSync(join(root, path), join(this.folder, path), { recursive: true });
  }

  /** @param {string} path @param {string} text */
  write(path, text) {
    mkdirSync(dirname(join(this.folder, path)), { recursive: true });
    writeFileSync(join(this.folder, path), text);
  }

  /** @param {string} name @param {string} script shell code that stands for the command */
  stub(name, script) {
    writeFileSync(join(this.bin, name), `#!/bin/bash\n${script}\n`);
    chmodSync(join(this.bin, name), 0o755);
  }

  /**
   * Has the scripts find a wheel of ours, which `pins` then has the checksum of, and no other.
   * @param {string} pins in scripts @param {string} name of the wheel
   * @param {Record<string, string>} files of the wheel
   */
  offerWheel(pins, name, files) {
    const wheel = join(this.folder, 'wheels', name);
    mkdirSync(dirname(wheel), { recursive: true });
    const make = `import json, sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as wheel:
    for i, (name, content) in enumerate(json.loads(sys.argv[2]).items()):
        wheel.writestr(name, content, zipfile.ZIP_DEFLATED if i % 2 else zipfile.ZIP_STORED)`;
    assert.equal(spawnSync('python3', ['-c', make, wheel, JSON.stringify(files)]).status, 0);
    const sha256 = createHash('sha256').update(readFileSync(wheel)).digest('hex');
    this.write(`scripts/${pins}`, `${sha256}  ${name}\n`);
    this.env.PIP_CONFIG_FILE = '/dev/null';
    this.env.PIP_FIND_LINKS = dirname(wheel);
    this.env.PIP_NO_INDEX = '1';
  }

  /** From now on there is an index only, which cannot be reached. */
  unplug() {
    delete this.env.PIP_FIND_LINKS;
    delete this.env.PIP_NO_INDEX;
    this.env.PIP_INDEX_URL = 'http://127.0.0.1:9/simple';
  }

  /** @param {string} command @param {...string} args */
  start(command, ...args) {
    return spawn(command, args, { cwd: this.folder, env: this.env });
  }

  /** @param {string} command @param {...string} args @returns {Promise<Ended>} */
  run(command, ...args) {
    return ended(this.start(command, ...args));
  }

  remove() {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The processor, as wheels name it. */
export const ARCH = process.arch === 'arm64' ? 'aarch64' : 'x86_64';

/** @param {string} pins in scripts @param {(name: string) => boolean} isWanted @returns {string} the wheel's name */
export function pinnedWheel(pins, isWanted) {
  const lines = readFileSync(join(root, 'scripts', pins), 'utf8').split('\n');
  const name = lines.map((line) => line.split('  ')[1]).find((each) => each && isWanted(each));
  assert.ok(name, `${pins} has such a wheel`);
  return name;
}

/**
 * The run of a script that fetches ends with that status, one line that says why, and nothing half-done.
 * @param {Promise<Ended>} run @param {number} status @param {RegExp} line
 * @param {string} dest where it was to leave what it fetches
 */
export async function fetchFails(run, status, line, dest) {
  const { stderr, ...rest } = await run;
  assert.deepEqual([rest.status, stderr.trimEnd().split('\n').length], [status, 1], stderr);
  assert.match(stderr, line);
  assert.ok(!existsSync(dest), 'nothing half-done');
  assert.ok(!existsSync(join(dest, '..', '.download')), 'nothing left over');
}

/** @param {import('node:child_process').ChildProcess} child @returns {Promise<Ended>} */
export function ended(child) {
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (text) => (stdout += text));
  child.stderr?.on('data', (text) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => resolve({ status, signal, stdout, stderr }));
  });
}

/** A folder of its own for one test, with stub commands that come first in the PATH. */
import { spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
      if (/^(TENSORGATE_|LIBTENSORFLOW_|PIP_)/.test(name)) delete this.env[name];
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

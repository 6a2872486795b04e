/** --auth_config_file for tests: written in a folder of its own, with keys as they are sent. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class AuthFile {
  readonly folder = mkdtempSync(join(tmpdir(), 'tensorgate-access-'));
  readonly path = join(this.folder, 'auth.config');

  constructor(text: string) {
    this.write(text);
  }

  get flag(): string {
    return `--auth_config_file=${this.path}`;
  }

  /** `KEY(name)` in the text stands for the field with that key's digest. */
  write(text: string): void {
    const digest = (key: string): string => createHash('sha256').update(key).digest('hex');
    const field = (_: string, key: string): string => `api_key_sha256: "${digest(key)}"`;
    writeFileSync(this.path, text.replaceAll(/KEY\(([^)]+)\)/g, field));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}

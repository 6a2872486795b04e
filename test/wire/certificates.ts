/** Keys and certificates of a day, made by the openssl command in a folder. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Identity {
  readonly key: string;
  readonly cert: string;
}

/** Null where there is an openssl command, else why tests must skip. */
export function opensslMissing(): string | null {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return null;
  } catch {
    return 'skipped: there is no openssl command to make certificates with';
  }
}

export class Authority {
  readonly cert: string;
  readonly #folder: string;
  readonly #name: string;

  constructor(folder: string, name: string) {
    this.#folder = folder;
    this.#name = name;
    const own = ['-x509', '-days', '1', '-out', this.#path(`${name}.crt`)];
    this.#openssl('req', ...own, '-subj', `/CN=${name}`, ...this.#newKey(name));
    this.cert = this.#read(`${name}.crt`);
  }

  /** For localhost and 127.0.0.1. */
  issue(name: string, days = 1): Identity {
    const request = this.#path(`${name}.csr`);
    this.#openssl('req', '-out', request, '-subj', `/CN=${name}`, ...this.#newKey(name));
    const names = this.#path('names');
    writeFileSync(names, 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
    const by = ['-CA', this.#path(`${this.#name}.crt`), '-CAkey', this.#path(`${this.#name}.key`)];
    const out = ['-CAcreateserial', '-days', String(days), '-out', this.#path(`${name}.crt`)];
    this.#openssl('x509', '-req', '-in', request, ...by, '-extfile', names, ...out);
    return { key: this.#read(`${name}.key`), cert: this.#read(`${name}.crt`) };
  }

  #newKey(name: string): string[] {
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
    return [...curve, '-nodes', '-keyout', this.#path(`${name}.key`)];
  }

  #openssl(...args: string[]): void {
    execFileSync('openssl', args, { stdio: 'ignore' });
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }

  #read(name: string): string {
    return readFileSync(this.#path(name), 'utf8');
  }
}

/** A field of a text-format file that holds a PEM text. */
export function pemField(field: string, pem: string): string {
  return `${field}: ${JSON.stringify(pem)}\n`;
}

/**
 * BatchedSignatures: which signatures of the loaded versions share runs without being asked to, and what
 * stands against others: for the log and for the admin API.
 */
import { servableIdText, type ServableId } from '../core/servable.js';
import type { Log } from '../log/log.js';
import type { SignatureRows } from '../native/binding.js';

export interface VersionBatching {
  readonly version: bigint;
  readonly signatures: readonly SignatureRows[];
}

export class BatchedSignatures {
  readonly #log: Log;
  readonly #versions = new Map<string, Map<bigint, readonly SignatureRows[]>>();

  constructor(log: Log) {
    this.#log = log;
  }

  loaded(id: ServableId, signatures: readonly SignatureRows[]): void {
    const versions = this.#versions.get(id.name) ?? new Map<bigint, readonly SignatureRows[]>();
    this.#versions.set(id.name, versions.set(id.version, signatures));
    const batched: string[] = [];
    const assumed: string[] = [];
    const alone: Record<string, string> = {};
    for (const [signature, refusal, isProven] of signatures) {
      if (refusal !== '') alone[signature] = refusal;
      else (isProven ? batched : assumed).push(signature);
    }
    this.#log.info(
      { servable: servableIdText(id), batched, ...(assumed.length > 0 && { assumed }), alone },
      'which signatures are batched',
    );
  }

  unloaded({ name, version }: ServableId): void {
    const versions = this.#versions.get(name);
    versions?.delete(version);
    if (versions?.size === 0) this.#versions.delete(name);
  }

  /** Of the loaded versions of a model, highest first. */
  of(name: string): VersionBatching[] {
    return [...(this.#versions.get(name) ?? [])]
      .map(([version, signatures]) => ({ version, signatures }))
      .sort((a, b) => (a.version > b.version ? -1 : 1));
  }
}

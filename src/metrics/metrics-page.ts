/**
 * MetricsPage: the text that Prometheus fetches, upstream's metrics first, then the process's own.
 * Written in slices of a few milliseconds, between which the event loop goes on.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';

import { familyText } from './prometheus-text.js';
import type { Family } from './families.js';

const SLICE_MILLIS = 2;

/** A Registry, or several of them together. */
export interface FamilySource {
  families(): readonly Family[] | Promise<readonly Family[]>;
}

export class MetricsPage {
  readonly #source: FamilySource;
  readonly #appendix: () => Promise<string>;
  #writing: Promise<Uint8Array> | null = null;

  constructor(source: FamilySource, appendix: () => Promise<string>) {
    this.#source = source;
    this.#appendix = appendix;
  }

  /** Whoever asks while a page is being written gets that one: many askers cost no more than one. */
  text(): Promise<Uint8Array> {
    this.#writing ??= this.#write().finally(() => {
      this.#writing = null;
    });
    return this.#writing;
  }

  async #write(): Promise<Uint8Array> {
    const families = await this.#source.families();
    const slices: Buffer[] = [];
    let text = '';
    let sliceEnd = performance.now() + SLICE_MILLIS;
    for (const family of families) {
      for (const piece of familyText(family)) {
        text += piece;
        if (performance.now() < sliceEnd) continue;
        slices.push(Buffer.from(text)); // now: the whole page at once would hold up the loop
        text = '';
        await nextTurn();
        sliceEnd = performance.now() + SLICE_MILLIS;
      }
    }
    slices.push(Buffer.from(text + (await this.#appendix())));
    return Buffer.concat(slices);
  }
}

/**
 * MetricsPage: the text that Prometheus fetches, upstream's metrics first, then the process's own. The text of
 * hundreds of models is megabytes: the event loop only lists what is in it.
 */
import { familyLines, type FamilyLines } from './prometheus-text.js';
import type { Family } from './families.js';

/** A Registry, or several of them together. */
export interface FamilySource {
  families(): readonly Family[] | Promise<readonly Family[]>;
}

/** Makes the text of what was listed, elsewhere. */
export type WriteText = (listed: FamilyLines) => Promise<Uint8Array>;

export class MetricsPage {
  readonly #source: FamilySource;
  readonly #write: WriteText;
  readonly #appendix: () => Promise<string>;
  #writing: Promise<Uint8Array> | null = null;

  constructor(source: FamilySource, write: WriteText, appendix: () => Promise<string>) {
    this.#source = source;
    this.#write = write;
    this.#appendix = appendix;
  }

  /** Whoever asks while a page is being written gets that one: many askers cost no more than one. */
  text(): Promise<Uint8Array> {
    this.#writing ??= this.#newText().finally(() => {
      this.#writing = null;
    });
    return this.#writing;
  }

  async #newText(): Promise<Uint8Array> {
    const appendix = await this.#appendix();
    return this.#write(familyLines(await this.#source.families(), appendix));
  }
}

/**
 * ShadowTraffic: runs a share of a model's requests again on its shadow version, once they have their
 * answers, and counts how often the two agree. Holds the requests and replies it needs for that, within
 * bounds; what does not fit is dropped. No client ever sees or waits for any of it. Event loop only.
 */
import type { ModelConfig, ShadowConfig } from '../config/model-config.js';
import type { Log } from '../log/log.js';
import type { LogClock } from '../log/request-log.js';
import { Counter } from '../metrics/families.js';
import { ShadowOutcome } from '../native/shadows.js';
import type { ShadowCall } from '../native/inference-model.js';
import type { Method } from '../native/values.js';
import { StatusCode, type ServingError } from '../status/serving-error.js';
import type { ModelCatalog } from './model-catalog.js';

/** Requests that wait for their primary answer or for their shadow run. */
export const MAX_OPEN = 256;
/** Of their bodies and replies together. */
export const MAX_BYTES = 64 << 20;
const SUMMARY_MILLIS = 60_000;

/** They say how busy the server is, not what the version answers. */
const OF_THE_SERVER: ReadonlySet<number> = new Set([
  StatusCode.CANCELLED,
  StatusCode.DEADLINE_EXCEEDED,
  StatusCode.RESOURCE_EXHAUSTED,
  StatusCode.UNAVAILABLE,
]);

/** `unavailable`: the shadow version is not AVAILABLE. */
type Outcome = 'agreed' | 'differed' | 'failed' | 'dropped' | 'unavailable';

export interface ShadowOptions {
  readonly catalog: Pick<ModelCatalog, 'acquire' | 'isAvailable'>;
  readonly log: Log;
  /** From 0 to 1, without 1. */
  readonly random?: () => number;
  readonly clock?: Pick<LogClock, 'after'>;
}

/** A model's shadow, and what was counted since its last line in the log. */
interface Shadowed {
  readonly model: string;
  config: ShadowConfig;
  counts: Record<Outcome, number>;
  firstDifference: string | null;
}

export class ShadowTraffic {
  /** Of the metrics page. */
  readonly requests = new Counter('/tensorgate/shadow_request_count', [
    'model_name',
    'shadow_version',
    'outcome',
  ]);
  readonly #options: ShadowOptions;
  readonly #random: () => number;
  readonly #after: LogClock['after'];
  /** Null while no model has a shadow. */
  #models: ReadonlyMap<string, Shadowed> | null = null;
  /** Those with counts that are not in the log yet. */
  readonly #unlogged = new Set<Shadowed>();
  #open = 0;
  #bytes = 0;

  constructor(options: ShadowOptions) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
    this.#after =
      options.clock?.after.bind(options.clock) ??
      ((millis, then) => {
        setTimeout(then, millis).unref();
      });
  }

  configure(models: readonly ModelConfig[]): void {
    const shadowed = new Map<string, Shadowed>();
    for (const { name, shadow } of models) {
      if (shadow === null) continue;
      const before = this.#models?.get(name);
      const goesOn = before?.config.version === shadow.version;
      const now = goesOn ? before : newlyShadowed(name, shadow);
      now.config = shadow;
      shadowed.set(name, now);
    }
    this.#models = shadowed.size === 0 ? null : shadowed;
    const names = new Set(models.map(({ name }) => name));
    this.requests.keep(([name = '']) => names.has(name));
  }

  /** Whether the model has one. */
  isOf(name: string): boolean {
    return this.#models?.has(name) ?? false;
  }

  /** Whether any model has a shadow. */
  get isOn(): boolean {
    return this.#models !== null;
  }

  /**
   * Null for a request that is not to be repeated; otherwise its owner calls `answered`, once. A lent
   * ArrayBuffer is copied; other bodies must stay as they are from here on.
   */
  sample(
    name: string,
    version: bigint,
    method: Method,
    isJson: boolean,
    asTensorContent: boolean,
    body: Uint8Array | ArrayBuffer,
  ): ShadowRequest | null {
    const shadowed = this.#models?.get(name);
    if (shadowed === undefined || shadowed.config.version === version) return null;
    if (this.#random() >= shadowed.config.share) return null;
    if (!this.#options.catalog.isAvailable(name, shadowed.config.version)) {
      this.#count(shadowed, 'unavailable');
      return null;
    }
    // A view may keep more memory than it shows.
    const bytes = body instanceof ArrayBuffer ? body.byteLength : body.buffer.byteLength;
    if (this.#open >= MAX_OPEN || this.#bytes + bytes > MAX_BYTES) {
      this.#count(shadowed, 'dropped');
      return null;
    }
    ++this.#open;
    this.#bytes += bytes;
    const kept = body instanceof ArrayBuffer ? body.slice(0) : body;
    const call = { method, isJson, asTensorContent, body: kept };
    return {
      answered: (error, reply) => this.#repeat(shadowed, call, bytes, error, reply),
    };
  }

  /** Writes now what the log does not have yet. */
  flush(): void {
    for (const shadowed of this.#unlogged) this.#summarise(shadowed);
  }

  #repeat(
    shadowed: Shadowed,
    call: ShadowCall,
    bodyBytes: number,
    error: ServingError | null,
    reply: Uint8Array | string | null,
  ): void {
    const bytes = bodyBytes + (reply?.length ?? 0);
    this.#bytes += bytes - bodyBytes;
    const end = (outcome: Outcome, detail = ''): void => {
      --this.#open;
      this.#bytes -= bytes;
      this.#count(shadowed, outcome, detail);
    };
    const { version, tolerance } = shadowed.config;
    const { catalog } = this.#options;
    if (this.#bytes > MAX_BYTES || (error !== null && OF_THE_SERVER.has(error.code))) {
      end('dropped');
    } else if (!catalog.isAvailable(shadowed.model, version)) {
      end('unavailable');
    } else {
      const handle = catalog.acquire(shadowed.model, version);
      const primary = { code: error?.code ?? StatusCode.OK, reply };
      handle.servable.inferShadow(call, primary, tolerance, (refusal, result) => {
        handle.release();
        const [outcome, detail] = result ?? [null, ''];
        if (refusal !== null || outcome === null) end('dropped');
        else end(OUTCOMES[outcome], detail);
      });
    }
  }

  #count(shadowed: Shadowed, outcome: Outcome, detail = ''): void {
    const { model, config } = shadowed;
    this.requests.cell(model, config.version.toString(), outcome).add(1);
    shadowed.counts[outcome] += 1;
    if (detail !== '') shadowed.firstDifference ??= detail;
    if (this.#unlogged.has(shadowed)) return;
    this.#unlogged.add(shadowed);
    this.#after(SUMMARY_MILLIS, () => this.#summarise(shadowed));
  }

  #summarise(shadowed: Shadowed): void {
    if (!this.#unlogged.delete(shadowed)) return;
    const { model, config, counts, firstDifference } = shadowed;
    const compared = counts.agreed + counts.differed + counts.failed;
    const difference = firstDifference === null ? null : { firstDifference };
    this.#options.log.info(
      { model, shadowVersion: config.version.toString(), compared, ...counts, ...difference },
      'shadow traffic',
    );
    shadowed.counts = noCounts();
    shadowed.firstDifference = null;
  }
}

/** A request that is to be repeated; it has a part of the bounds until it is `answered`. */
export interface ShadowRequest {
  /** What the client got: an error and null, or null and the reply, which must stay as it is. */
  answered(error: ServingError | null, reply: Uint8Array | string | null): void;
}

const OUTCOMES: Readonly<Record<ShadowOutcome, Outcome>> = {
  [ShadowOutcome.agreed]: 'agreed',
  [ShadowOutcome.differed]: 'differed',
  [ShadowOutcome.failed]: 'failed',
};

function newlyShadowed(model: string, config: ShadowConfig): Shadowed {
  return { model, config, counts: noCounts(), firstDifference: null };
}

function noCounts(): Record<Outcome, number> {
  return { agreed: 0, differed: 0, failed: 0, dropped: 0, unavailable: 0 };
}

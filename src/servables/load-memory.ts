/**
 * LoadMemory: refuses a load that would not fit into memory, before the kernel ends the whole server
 * for it. Owns the sum of what loads in progress were estimated to take.
 */
import { availableMemory, type AvailableMemory } from '../config/available-memory.js';
import { servableIdText, type ServableId } from '../core/servable.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import { estimateLoadBytes } from './memory-estimate.js';
import { unreserved } from './version-folder-check.js';

/** Counted until `release`, which must be called exactly once. */
export interface Reservation {
  /**
   * Counts `times` as much besides, for something the load can do without; false, and nothing more is
   * counted, where that does not fit. No load is refused for it.
   */
  grow(times: number): Promise<boolean>;
  release(): void;
}

export class LoadMemory {
  readonly #available: () => Promise<AvailableMemory>;
  #reserved = 0;
  /** By what loads can do without. */
  #grown = 0;

  constructor(available: () => Promise<AvailableMemory> = availableMemory) {
    this.#available = available;
  }

  /**
   * Errs on the safe side: what a load in progress has taken already is counted twice, as taken and
   * as reserved.
   * @throws ServingError RESOURCE_EXHAUSTED with upstream's text, when a later attempt may succeed;
   *   PERMISSION_DENIED
   */
  async reserve(id: ServableId, folder: string): Promise<Reservation> {
    const bytes = Math.ceil(
      await estimateLoadBytes(folder).catch((error: unknown) => {
        throw unreserved(id, ServingError.from(error));
      }),
    );
    const available = await this.#available();
    // No await between the comparison and the sum: two loads must not take the same room.
    if (bytes + this.#reserved > available.bytes)
      throw refusal(id, bytes, available, this.#reserved);
    this.#reserved += bytes;
    let held = 0;
    return {
      grow: async (times) => {
        const more = bytes * times;
        const now = await this.#available();
        if (more + this.#reserved + this.#grown > now.bytes) return false;
        this.#grown += more;
        held += more;
        return true;
      },
      release: () => {
        this.#reserved -= bytes;
        this.#grown -= held;
      },
    };
  }
}

function refusal(
  id: ServableId,
  bytes: number,
  available: AvailableMemory,
  reserved: number,
): ServingError {
  return new ServingError(
    StatusCode.RESOURCE_EXHAUSTED,
    `Insufficient resources to load servable ${servableIdText(id)}`,
    [
      {
        field: 'memory',
        description:
          `an estimated ${bytes} bytes are needed (1.2 times the size of the files) and ` +
          `${reserved} reserved for loads in progress, but ${available.bytes} are available ` +
          `according to ${available.source}; --check_load_memory=false loads regardless`,
      },
    ],
  );
}

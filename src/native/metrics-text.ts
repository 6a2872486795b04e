/** The page of metrics as bytes, written on the decode pool. */
import type { FamilyLines } from '../metrics/prometheus-text.js';
import { addon } from './addon.js';
import { call } from './calls.js';

/** Rejects with UNAVAILABLE where the pool's queue is full. */
export function writeMetrics({ lines, numbers, appendix }: FamilyLines): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    call<Uint8Array>(
      (error, text) => {
        if (error === null) resolve(text as Uint8Array);
        else reject(error);
      },
      (slot) => addon().writeMetrics(slot, lines, numbers, appendix),
    );
  });
}

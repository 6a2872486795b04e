/** What a warm-up did, as one line of the log. */
import { servableIdText, type ServableId } from '../core/servable.js';
import type { Log } from '../log/log.js';
import type { NativeWarmup } from '../native/binding.js';

/** A failed warm-up is logged as the failed load that it is, beside this line with its figures. */
export function logWarmup(log: Log, id: ServableId, warmup: NativeWarmup): void {
  const servable = servableIdText(id);
  const { hasFile, records, micros } = warmup;
  if (hasFile) {
    log.info({ servable, records, micros }, 'warm-up file');
    return;
  }
  const { run, failed, skipped, firstFailure } = warmup.synthetic;
  if (run + failed + skipped === 0) return;
  const failure = failed > 0 ? { firstFailure } : {};
  log.info({ servable, run, failed, skipped, micros, ...failure }, 'synthetic warm-up');
}

/** What a warm-up did, as one line of the log. */
import { servableIdText, type ServableId } from '../core/servable.js';
import type { Log } from '../log/log.js';
import type { NativeWarmup } from '../native/warmup.js';

const NOT_REPRESENTATIVE =
  'no synthetic request shows what these signatures answer, so that warm-up and trials say nothing about them: ' +
  'give the version a warm-up file, assets.extra/tf_serving_warmup_requests';

/** A failed warm-up is logged as the failed load that it is, beside this line with its figures. */
export function logWarmup(log: Log, id: ServableId, warmup: NativeWarmup): void {
  const servable = servableIdText(id);
  const { hasFile, records, micros } = warmup;
  if (hasFile) {
    log.info({ servable, records, micros }, 'warm-up file');
    return;
  }
  const { run, failed, skipped, firstFailure, notRepresentative } = warmup.synthetic;
  if (run + failed + skipped === 0) return;
  const isSaidBelow = Object.keys(notRepresentative).length > 0;
  const failure = failed > 0 && !isSaidBelow ? { firstFailure } : {};
  log.info({ servable, run, failed, skipped, micros, ...failure }, 'synthetic warm-up');
  if (isSaidBelow) log.warn({ servable, signatures: notRepresentative }, NOT_REPRESENTATIVE);
}

/** Requests that access control has refused, by where and why. */
import { counterFamily, type Family } from './families.js';

/** By AccessVerdict of the addon; the first is no refusal. */
const REASONS = [null, 'unauthenticated', 'denied', 'rate', 'concurrency'];

/** `refused`: as accessRefused() of the addon has it. */
export function accessFamilies(refused: Readonly<Record<string, readonly number[]>>): Family[] {
  const samples = Object.entries(refused).flatMap(([surface, counts]) =>
    REASONS.flatMap((reason, i) =>
      reason === null ? [] : [{ labelValues: [surface, reason], value: counts[i] ?? 0 }],
    ),
  );
  return [counterFamily('/tensorgate/refused_request_count', ['surface', 'reason'], samples)];
}

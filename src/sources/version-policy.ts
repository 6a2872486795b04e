/** Which of the versions that are there a model's policy wants. */
import type { VersionPolicy } from '../config/model-config.js';
import type { AspiredVersion } from '../core/source.js';
import type { VersionFolder } from './version-folders.js';

/** The folder as a version to serve; null when it is not fit to be served now. */
export type Check = (folder: VersionFolder) => Promise<AspiredVersion | null>;

export interface Wanted {
  readonly wanted: AspiredVersion[];
  /** Named by a `specific` policy, but not there. */
  readonly missing: bigint[];
}

/**
 * `versions` highest first. Only what the policy may want is checked: with `latest` no more folders
 * than it takes to find that many.
 */
export async function wantedVersions(
  policy: VersionPolicy,
  versions: readonly VersionFolder[],
  check: Check,
): Promise<Wanted> {
  const named = policy.kind === 'specific' ? new Set(policy.versions) : null;
  const count = policy.kind === 'latest' ? policy.count : Infinity;
  const wanted: AspiredVersion[] = [];
  for (const folder of versions) {
    if (wanted.length === count) break;
    if (named !== null && !named.has(folder.version)) continue;
    const fit = await check(folder);
    if (fit !== null) wanted.push(fit);
  }
  const missing = [...(named ?? [])].filter((each) => !versions.some((v) => v.version === each));
  return { wanted, missing };
}

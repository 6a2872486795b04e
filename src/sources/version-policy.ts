/** Which of the versions that are there a model wants: by its policy, and its shadow besides. */
import type { ModelConfig, VersionPolicy } from '../config/model-config.js';
import type { AspiredVersion } from '../core/source.js';
import type { VersionFolder } from './version-folders.js';

/** Asks a plugin's policy which of the versions a model wants; highest first. @throws ServingError */
export type Choose = (
  policy: string,
  model: string,
  versions: readonly bigint[],
) => Promise<readonly bigint[]>;

/** One that needs nobody to be asked. */
export type SettledPolicy = Exclude<VersionPolicy, { readonly kind: 'plugin' }>;

/** The model's; where that is a plugin's, as it chooses now. @throws ServingError */
export async function settledPolicy(
  { policy, name }: ModelConfig,
  versions: readonly VersionFolder[],
  choose: Choose,
): Promise<SettledPolicy> {
  if (policy.kind !== 'plugin') return policy;
  const numbers = versions.map(({ version }) => version);
  return { kind: 'specific', versions: await choose(policy.name, name, numbers) };
}

/** The folder as a version to serve; null when it is not fit to be served now. */
export type Check = (folder: VersionFolder) => Promise<AspiredVersion | null>;

export interface Wanted {
  readonly wanted: AspiredVersion[];
  /** Named by a `specific` policy, but not there. */
  readonly missing: bigint[];
  /** There is to be a shadow version, and it is not there. */
  readonly isShadowMissing: boolean;
}

/**
 * `versions` highest first. Only what the policy may want is checked: with `latest` no more folders
 * than it takes to find that many. The policy is about the versions that answer, so `shadow` comes on
 * top of those it wants: with `latest` and one version, that is the highest but the shadow.
 */
export async function wantedVersions(
  policy: SettledPolicy,
  shadow: bigint | null,
  versions: readonly VersionFolder[],
  check: Check,
): Promise<Wanted> {
  const named = policy.kind === 'specific' ? new Set(policy.versions) : null;
  const count = policy.kind === 'latest' ? policy.count : Infinity;
  const wanted: AspiredVersion[] = [];
  let left = count;
  for (const folder of versions) {
    const isShadow = folder.version === shadow;
    if (!isShadow && (left === 0 || named?.has(folder.version) === false)) {
      if (shadow === null && left === 0) break;
      continue;
    }
    const fit = await check(folder);
    if (fit === null) continue;
    wanted.push(fit);
    if (!isShadow) --left;
  }
  const isThere = (version: bigint): boolean => versions.some((each) => each.version === version);
  const missing = [...(named ?? [])].filter((version) => !isThere(version));
  return { wanted, missing, isShadowMissing: shadow !== null && !isThere(shadow) };
}

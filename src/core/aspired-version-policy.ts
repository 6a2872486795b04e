/**
 * Which one load or unload a model's versions need next. Pure. Availability-preserving is upstream's
 * server's only policy; resource-preserving, a library option there, is for models of which memory
 * holds only one version.
 */
import { ServableState } from './servable.js';

/** What a policy looks at. */
export interface PolicyVersion {
  readonly id: { readonly version: bigint };
  readonly state: ServableState;
  readonly aspired: boolean;
  /** A load has been asked for; it may wait for its turn in START. */
  readonly loadRequested: boolean;
  /** Answers nobody who does not name it, so it takes the place of no other version. */
  readonly isShadow: boolean;
}

export type Action<V> = { readonly kind: 'load' | 'unload'; readonly version: V } | null;
/** `moreComing`: a version that is wanted can be managed only when its former self is gone. */
export type AspiredVersionPolicy = <V extends PolicyVersion>(
  versions: readonly V[],
  moreComing: boolean,
) => Action<V>;

/** Something serves before the old goes: a failed replacement leaves the old version serving. */
export const availabilityPreserving: AspiredVersionPolicy = (versions, moreComing) => {
  const idle = versions.find(
    ({ isShadow, aspired, state }) => isShadow && !aspired && state === ServableState.AVAILABLE,
  );
  if (idle !== undefined) return { kind: 'unload', version: idle };
  const answering = versions.filter(({ isShadow }) => !isShadow);
  const ready = answering.filter(({ state }) => state === ServableState.AVAILABLE);
  const unwanted = ready.filter(({ aspired }) => !aspired);
  const noneAspired = !moreComing && !answering.some(({ aspired }) => aspired);
  const anAspiredIsReady = ready.length > unwanted.length;
  if (unwanted.length > 0 && (noneAspired || anAspiredIsReady || unwanted.length > 1)) {
    const version = lowest(unwanted);
    // Beyond upstream: one at a time, so that the last to serve goes only when the others are gone.
    const isUnloading = answering.some(({ state }) => state === ServableState.UNLOADING);
    const isLast = !ready.some(({ id }) => id.version > version.id.version);
    if (!(isUnloading && isLast)) return { kind: 'unload', version };
  }
  return highestToLoad(versions);
};

/** Memory is free before it is taken: nothing is loaded while an unwanted version holds some. */
export const resourcePreserving: AspiredVersionPolicy = (versions) => {
  const unwanted = versions.filter(({ aspired }) => !aspired);
  const ready = unwanted.filter(({ state }) => state === ServableState.AVAILABLE);
  if (ready.length > 0) return { kind: 'unload', version: lowest(ready) };
  const holdsMemory = unwanted.some(({ state }) => state !== ServableState.END);
  return holdsMemory ? null : highestToLoad(versions);
};

function highestToLoad<V extends PolicyVersion>(versions: readonly V[]): Action<V> {
  const waiting = versions.filter(
    ({ aspired, state, loadRequested }) =>
      aspired && state === ServableState.START && !loadRequested,
  );
  if (waiting.length === 0) return null;
  const answering = waiting.filter(({ isShadow }) => !isShadow);
  const first = answering.length > 0 ? answering : waiting;
  const highest = first.reduce((high, each) => (each.id.version > high.id.version ? each : high));
  return { kind: 'load', version: highest };
}

function lowest<V extends PolicyVersion>(versions: readonly V[]): V {
  return versions.reduce((low, each) => (each.id.version < low.id.version ? each : low));
}

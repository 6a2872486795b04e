/**
 * What the addon may answer by itself: the versions that may run requests as they come, of models without
 * shadow traffic, and the labels that stand for one version. Everything else it leaves to us.
 */
import type { AvailableModel } from '../core/manager.js';
import type { Labels } from '../core/version-labels.js';
import type { InferenceModel } from '../native/inference-model.js';
import type { NativeRoutes } from '../native/transport.js';

export function nativeRoutes(
  models: Iterable<AvailableModel<InferenceModel>>,
  labelsOf: (name: string) => Labels,
  isShadowed: (name: string) => boolean,
): NativeRoutes {
  const routes: NativeRoutes[number][] = [];
  for (const { name, latest, versions } of models) {
    if (isShadowed(name)) continue;
    const ids = new Map<bigint, number>();
    for (const [version, model] of versions) {
      if (model.directId !== undefined) ids.set(version, model.directId);
    }
    const labels: (string | number)[] = [];
    for (const [label, target] of labelsOf(name)) {
      const [version] = target.keys();
      const id = version === undefined || target.size !== 1 ? undefined : ids.get(version);
      if (id !== undefined) labels.push(label, id);
    }
    routes.push(name, latest?.directId ?? 0, [...ids].flat(), labels);
  }
  return routes;
}

/**
 * What the page of metrics has, and where it comes from: each part of the server with counts of its own is
 * a reader of the registry here. Main thread; those of I/O threads are added to the page.
 */
import type { Flags } from './config/flag-table.js';
import { prometheusPath } from './config/monitoring-config.js';
import { batchingFamilies } from './metrics/batching-metrics.js';
import { eventLoopFamilies } from './metrics/event-loop-metrics.js';
import type { Family } from './metrics/families.js';
import { LifecycleMetrics } from './metrics/lifecycle-metrics.js';
import { MetricsPage } from './metrics/metrics-page.js';
import { countNativeRequests } from './metrics/native-requests.js';
import { planFamilies } from './metrics/plan-metrics.js';
import { Registry } from './metrics/registry.js';
import { RequestMetrics } from './metrics/request-metrics.js';
import { runFamilies } from './metrics/run-metrics.js';
import { inFlightFamily } from './metrics/version-metrics.js';
import { addon } from './native/addon.js';
import { writeMetrics } from './native/metrics-text.js';
import type { RestMetrics } from './rest/api.js';
import type { ServerCore } from './server-core.js';

export interface ServerMetrics extends RestMetrics {
  readonly lifecycle: LifecycleMetrics;
}

/** Adds what I/O threads have counted; null where there are none. */
export type SumOfThreads = (families: readonly Family[]) => Promise<Family[]> | null;

/**
 * Null without a page, which only REST could serve. `readers`: of what the core does not know. Before the
 * first load: what is loaded earlier is not counted. @throws ServingError when the file cannot be read
 */
export async function serverMetrics(
  flags: Flags,
  core: ServerCore,
  readers: readonly (() => readonly Family[])[],
  sumOfThreads: SumOfThreads,
): Promise<ServerMetrics | null> {
  const { monitoring_config_file: file, rest_api_port: restPort, rest_api_socket_path } = flags;
  const hasRest =
    flags.admin_port !== 0 ||
    rest_api_socket_path !== '' ||
    (restPort !== 0 && restPort !== flags.port);
  if (file === '' || !hasRest) return null;
  const path = await prometheusPath(file);
  if (path === null) return null;
  addon().countRequests();
  const registry = new Registry();
  registry.addReader(() => {
    const statistics = addon().runStatistics();
    countNativeRequests(requests, statistics);
    return runFamilies(statistics);
  });
  registry.addReader(() => [inFlightFamily(addon().requestsInFlight())]);
  registry.addReader(() => {
    const names = new Set(core.configuration().models.map(({ name }) => name));
    return batchingFamilies(core.batchStatistics, (name) => names.has(name));
  });
  registry.addReader(() => [core.shadows.requests]);
  registry.addReader(() => core.logging.families());
  registry.addReader(() => core.caches.families());
  registry.addReader(() => planFamilies(core.plans));
  for (const read of readers) registry.addReader(read);
  const requests = new RequestMetrics(registry, (name) => core.catalog.statuses(name).length > 0);
  const lifecycle = new LifecycleMetrics(registry);
  registry.addReader(() => lifecycle.loads.families(core.modelStates));
  registry.addReader(() => eventLoopFamilies('main'));
  const { ProcessMetrics } = await import('./metrics/process-metrics.js'); // no page, no library
  const process = new ProcessMetrics();
  const families = (): Family[] | Promise<Family[]> => {
    const own = registry.families();
    return sumOfThreads(own) ?? own;
  };
  const page = new MetricsPage({ families }, writeMetrics, () => process.text());
  return { path, requests, page, lifecycle };
}

/** The file of --monitoring_config_file: whether there is a page of metrics, and at which path. */
import { loadProtos } from '../protos/protos.js';
import { readTextProtoFile } from './text-proto.js';

const DEFAULT_PATH = '/monitoring/prometheus/metrics';

/** The page's path; null when there is none. @throws ServingError when the file cannot be read */
export async function prometheusPath(file: string): Promise<string | null> {
  const root = loadProtos(['tensorflow_serving/config/monitoring_config.proto']);
  const type = root.lookupType('tensorflow.serving.MonitoringConfig');
  const { prometheus_config: prometheus } = (await readTextProtoFile(type, file)) as {
    prometheus_config?: { enable?: boolean; path?: string };
  };
  if (prometheus?.enable !== true) return null;
  return prometheus.path === undefined || prometheus.path === '' ? DEFAULT_PATH : prometheus.path;
}

/** tensorgate as the bench starts it: pinned to a CPU, on free ports, up when it has its models. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { BenchModel } from './cases.js';
import { type Endpoint, local } from './endpoint.js';
import { isAvailable } from './one-request.js';
import { type Cpus, freePort, PinnedServer } from './processes.js';

/** Polling a server for its start takes its time too. */
const READY_INTERVAL_MS = 10;

export interface Served {
  readonly process: PinnedServer;
  readonly endpoints: { readonly rest: Endpoint; readonly grpc: Endpoint };
}

/** `flags` beside those that every server of the bench gets. */
export function startTensorgate(
  model: BenchModel,
  cpus: Cpus,
  flags: readonly string[],
): Promise<Served> {
  const served = [`--model_name=${model.name}`, `--model_base_path=${model.basePath}`];
  return start([model], cpus, [...served, ...flags]);
}

/** What a configuration says of a model. */
interface ServedModel extends Pick<BenchModel, 'name' | 'basePath'> {
  /** Absent: TensorFlow's. */
  readonly platform?: string;
}

/** `config` is the file to write the --model_config_file to. */
export function startWithModels(
  models: readonly ServedModel[],
  config: string,
  core: number,
  flags: readonly string[],
): Promise<Served> {
  writeFileSync(config, modelConfig(models));
  return start(models, core, [`--model_config_file=${config}`, ...flags]);
}

/** A ModelServerConfig, as tensorgate and TensorFlow Serving read it. */
export function modelConfig(models: readonly ServedModel[]): string {
  const configs = models.map(
    ({ name, basePath, platform = 'tensorflow' }) =>
      `  config { name: "${name}" base_path: "${basePath}" model_platform: "${platform}" }\n`,
  );
  return `model_config_list {\n${configs.join('')}}\n`;
}

async function start(
  models: readonly ServedModel[],
  cpus: Cpus,
  flags: readonly string[],
): Promise<Served> {
  const endpoints = { rest: local(await freePort()), grpc: local(await freePort()) };
  const server = new PinnedServer(cpus, [
    process.execPath,
    fileURLToPath(new URL('../../bin/tensorgate.mjs', import.meta.url)),
    `--port=${endpoints.grpc.port}`,
    `--rest_api_port=${endpoints.rest.port}`,
    '--log_level=warn',
    '--file_system_poll_wait_seconds=0', // a server that waits for its turn does nothing
    ...flags,
  ]);
  const allAvailable = async (): Promise<boolean> => {
    for (const { name } of models) {
      if (!(await isAvailable('rest', endpoints.rest, name))) return false;
    }
    return true;
  };
  await server.ready(allAvailable, READY_INTERVAL_MS);
  return { process: server, endpoints };
}

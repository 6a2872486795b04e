/** Flags that exclude each other, or lack what a start needs, in upstream's words where it has some. Pure. */
import type { Flags } from './flag-table.js';

/** More only cost memory: each is a JavaScript environment of its own. */
const MOST_IO_THREADS = 64;
const MOST_PORT = 65_535;

/** Why no server can start with them, the first as upstream finds it. `hasModels`: beside those of the flags. */
export function startRefusals(flags: Flags, hasModels: boolean): string[] {
  const refusals: string[] = [];
  if (!hasModels && flags.model_base_path === '' && flags.model_config_file === '') {
    refusals.push(
      'Both server_options.model_base_path and server_options.model_config_file are empty!',
    );
  }
  if (flags.port === 0 && flags.grpc_socket_path === '') {
    refusals.push(
      'At least one of server_options.grpc_port or server_options.grpc_socket_path must be set.',
    );
  }
  for (const flag of ['port', 'rest_api_port'] as const) {
    const port = flags[flag];
    if (port >= 0 && port <= MOST_PORT) continue;
    refusals.push(`--${flag} must be from 0 to ${MOST_PORT}, got ${port}`); // the kernel would cut it
  }
  if (flags.io_threads > MOST_IO_THREADS) {
    refusals.push(`--io_threads must be at most ${MOST_IO_THREADS}, got ${flags.io_threads}`);
  }
  if (flags.batching_parameters_file !== '' && !flags.enable_batching) {
    refusals.push(
      'server_options.batching_parameters_file is set without setting ' +
        'server_options.enable_batching to true.',
    );
  }
  if (flags.use_alts_credentials) {
    refusals.push(
      flags.ssl_config_file === ''
        ? 'use_alts_credentials: ALTS is not available in this server.'
        : 'Either use_alts_credentials must be false or ssl_config_file must be empty.',
    );
  }
  const { otlp_endpoint: endpoint, trace_sampling_ratio: ratio } = flags;
  if (
    endpoint !== '' &&
    !/^https?:$/.test(URL.canParse(endpoint) ? new URL(endpoint).protocol : '')
  ) {
    refusals.push(`--otlp_endpoint must be a URL of http or https, got ${endpoint}`);
  }
  if (!(ratio >= 0 && ratio <= 1)) {
    refusals.push(`--trace_sampling_ratio must be from 0 to 1, got ${ratio}`);
  }
  return refusals;
}

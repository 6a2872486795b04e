/**
 * FILE_CHECKS: the readers of the files that flags name. Whoever adds such a flag adds a line: the reader as the
 * server uses it, and what else is worth saying of the file.
 */
import { TokenVerifier } from '../access/tokens.js';
import { queueOptions, type BatchingParameters } from '../batching/queue-options.js';
import { readAuthConfig } from '../config/auth-config.js';
import type { Flags } from '../config/flag-table.js';
import { prometheusPath } from '../config/monitoring-config.js';
import { readPlatformConfig } from '../config/platform-config.js';
import { certificatesIn, examineSslConfig } from '../config/ssl-config.js';
import {
  batchingParametersOf,
  batchThreads,
  readBatchingParameters,
} from '../servables/batching-parameters-file.js';
import { error, findingsFrom, warning, type Checked } from './finding.js';

export interface FileCheck {
  /** Its value is the file's path; empty: there is none. */
  readonly flag: keyof Flags;
  /** @throws ServingError, which becomes findings at the places that its violations name */
  readonly check: (file: string, flags: Flags, cpus: number) => Promise<Checked>;
}

/** Of a reader that says all by what it throws. */
function read(reader: (...given: Parameters<FileCheck['check']>) => unknown): FileCheck['check'] {
  return async (...given) => {
    await reader(...given);
    return undefined;
  };
}

/** With the keys of issuers that are files; URLs are not asked. */
async function checkAuth(file: string): Promise<void> {
  const { issuers } = await readAuthConfig(file);
  await TokenVerifier.of(issuers);
}

/** The file of --model_config_file is that of models.ts. */
export const FILE_CHECKS: readonly FileCheck[] = [
  { flag: 'ssl_config_file', check: checkSsl },
  { flag: 'auth_config_file', check: read(checkAuth) },
  { flag: 'admin_auth_config_file', check: read(checkAuth) },
  { flag: 'monitoring_config_file', check: read(prometheusPath) },
  {
    flag: 'platform_config_file',
    check: async (file, flags, cpus) => {
      const { batchingParameters } = await readPlatformConfig(flags, cpus);
      if (batchingParameters === null) return undefined;
      return checkParameters(file, batchingParametersOf(batchingParameters));
    },
  },
  {
    flag: 'tensorflow_session_config_file',
    check: read((_file, flags, cpus) =>
      readPlatformConfig({ ...flags, platform_config_file: '' }, cpus),
    ),
  },
  {
    flag: 'batching_parameters_file',
    check: async (file) => checkParameters(file, await readBatchingParameters(file)),
  },
];

async function checkParameters(file: string, parameters: BatchingParameters): Promise<Checked> {
  const ofThreads = await findingsFrom(file, () => void batchThreads(parameters, 1));
  const ofQueues = await findingsFrom(file, () => void queueOptions(parameters));
  return [...ofThreads, ...ofQueues];
}

async function checkSsl(file: string): Promise<Checked> {
  const { config, mistakes } = await examineSslConfig(file);
  const findings = mistakes.map(({ text }) => error(file, text));
  const texts = { server_cert: config.serverCert, custom_ca: config.clientCa ?? '' };
  for (const [field, text] of Object.entries(texts)) {
    if (mistakes.some((mistake) => mistake.text.startsWith(`${field}:`))) continue;
    for (const { subject, validFrom, validTo } of certificatesIn(text)) {
      const whose = `${field}: ${subject.replaceAll('\n', ', ')}`;
      const now = Date.now();
      if (now > Date.parse(validTo)) findings.push(warning(file, `${whose} expired ${validTo}`));
      if (now < Date.parse(validFrom)) {
        findings.push(warning(file, `${whose} is not valid before ${validFrom}`));
      }
    }
  }
  return findings;
}

/** Servers that need more than one model's flags: their configuration files and what they wait for. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { GrpcClient } from '../grpc-client.js';

export interface Setup {
  /** The text of the configuration file, given the base path of the case's model. */
  readonly text: (basePath: string) => string;
  /** What takes the file. */
  readonly flag: string;
  readonly more?: readonly string[];
  /** What the case's model must have AVAILABLE before the first question. */
  readonly versions?: readonly string[];
}

const models = (...configs: readonly string[]): string =>
  `model_config_list {\n${configs.map((text) => `  config { ${text} }\n`).join('')}}\n`;
const LABELS_MAY_WAIT = '--allow_version_labels_for_unavailable_models=true';
const MONITORING = '--monitoring_config_file';

export const SETUPS: Readonly<Record<string, Setup>> = {
  /** `half_plus_two` with version 123 under a label. */
  labelled: {
    flag: '--model_config_file',
    text: (base) =>
      models(
        `name: "half_plus_two" base_path: "${base}" model_platform: "tensorflow" ` +
          'version_labels { key: "some_label" value: 123 }',
      ),
    more: [LABELS_MAY_WAIT],
    versions: ['123'],
  },
  /** `versions` with 1 and 2 at once, and labels for both and for one that is not there. */
  all_versions: {
    flag: '--model_config_file',
    text: (base) =>
      models(
        `name: "versions" base_path: "${base}" model_platform: "tensorflow" ` +
          'model_version_policy { all {} } version_labels { key: "A" value: 1 } ' +
          'version_labels { key: "B" value: 2 } version_labels { key: "C" value: 9 }',
      ),
    more: [LABELS_MAY_WAIT],
    versions: ['1', '2'],
  },
  metrics: { flag: MONITORING, text: () => 'prometheus_config { enable: true }\n' },
  /** The page of metrics at a path that the API has, too. */
  metrics_over_api: {
    flag: MONITORING,
    text: () => 'prometheus_config { enable: true path: "/v1/models/half_plus_two" }\n',
  },
};

/** Several models, by name, with their base paths. */
export function together(basePaths: Readonly<Record<string, string>>): Setup {
  const entries = Object.entries(basePaths).map(
    ([name, base]) => `name: "${name}" base_path: "${base}" model_platform: "tensorflow"`,
  );
  return { flag: '--model_config_file', text: () => models(...entries) };
}

/** The flags of a server; the file lies in a new folder, which the caller removes. */
export function write(setup: Setup, basePath: string): { flags: string[]; folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'tensorgate-conformance-setup-'));
  const file = join(folder, 'config');
  writeFileSync(file, setup.text(basePath));
  return { flags: [`${setup.flag}=${file}`, ...(setup.more ?? [])], folder };
}

/** A start waits for one version of each model only. */
export async function untilAvailable(
  client: GrpcClient,
  model: string,
  versions: readonly string[],
): Promise<void> {
  for (;;) {
    const reply = await client.modelStatus({ model_spec: { name: model } });
    const statuses = reply['model_version_status'] as { version: string; state: string }[];
    const available = statuses.filter(({ state }) => state === 'AVAILABLE');
    if (versions.every((each) => available.some(({ version }) => version === each))) return;
  }
}

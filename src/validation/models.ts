/**
 * What --validate_config says of the models: their list, and what is under their base paths, looked at as the
 * server looks, once. Nothing is loaded.
 */
import type { Flags } from '../config/flag-table.js';
import { examineModels, modelServerConfigType, type ModelConfig } from '../config/model-config.js';
import { TENSORFLOW } from '../config/platform-names.js';
import { sourceOf } from '../config/plugin-names.js';
import { readTextProtoFile } from '../config/text-proto.js';
import { refuseLogging } from '../core/model-set.js';
import type { ServableId } from '../core/servable.js';
import type { AspiredVersion } from '../core/source.js';
import { VersionLabels } from '../core/version-labels.js';
import type { Log } from '../log/log.js';
import { PIPELINE } from '../pipeline/pipeline-recipe.js';
import type { ModelBatching } from '../servables/model-batching.js';
import { checkVersionFolder } from '../servables/version-folder-check.js';
import { FileSystemLooker } from '../sources/file-system-looker.js';
import { PolledSource } from '../sources/polled-source.js';
import { ModelRoots } from '../sources/model-roots.js';
import { ServingError } from '../status/serving-error.js';
import { readTableConfig, TABLE } from '../tables/table-config.js';
import { tableFileMistakes } from '../tables/table-files.js';
import { error, findingsFrom, findingsOf, warning, type Finding } from './finding.js';
import { PipelineFindings } from './pipelines.js';

export interface ConfiguredModels {
  /** Those whose entries are right. */
  readonly models: readonly ModelConfig[];
  /** Of all. */
  readonly names: ReadonlySet<string>;
}

const NO_MODELS: ConfiguredModels = { models: [], names: new Set() };

/** Those of the flags, or of the file that they name. @throws ServingError for a text that is no list */
export async function configuredModels(
  flags: Flags,
): Promise<ConfiguredModels & { readonly findings: readonly Finding[] }> {
  const { model_config_file: file } = flags;
  if (file === '') {
    if (flags.model_base_path === '') return { ...NO_MODELS, findings: [] };
    const { model_name: name, model_base_path: base_path } = flags;
    const config = [{ name, base_path, model_platform: 'tensorflow' }];
    const { refusals, ...configured } = examineModels({ model_config_list: { config } });
    return { ...configured, findings: refusals.map((text) => error('--model_base_path', text)) };
  }
  const plain = await readTextProtoFile(modelServerConfigType(), file);
  if (plain['custom_model_config'] !== undefined) {
    const text = 'custom_model_config is not supported: use model_config_list';
    return { ...NO_MODELS, findings: [error(file, text)] };
  }
  if (plain['model_config_list'] === undefined) {
    return { ...NO_MODELS, findings: [warning(file, 'it has no model_config_list')] };
  }
  const { models, names, refusals } = examineModels(plain);
  const canLog = flags.request_log_dir !== '';
  const findings = [
    ...refusals.map((text) => error(file, text)),
    ...labelFindings(flags, models),
    ...(canLog ? [] : await findingsFrom(file, () => void refuseLogging(models))),
  ];
  return { models, names, findings };
}

/** At a start no version is there yet that a label could stand for. */
function labelFindings(flags: Flags, models: readonly ModelConfig[]): Finding[] {
  const may = flags.allow_version_labels_for_unavailable_models;
  const labels = new VersionLabels(() => false, may);
  return models.flatMap(({ name, labels: all }) =>
    [...all].flatMap(([label, target]) => {
      try {
        labels.assign(new Map([[name, new Map([[label, target]])]]));
        return [];
      } catch (thrown) {
        return findingsOf(thrown, flags.model_config_file);
      }
    }),
  );
}

/** What is found under their base paths. `modelRoots` as the flag has them. `batching` null: their versions have no parameters of their own. */
export async function versionFindings(
  { models, names }: ConfiguredModels,
  batching: ModelBatching | null,
  modelRoots: string,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  let roots = new ModelRoots('');
  findings.push(
    ...(await findingsFrom('--model_roots', async () => {
      roots = new ModelRoots(modelRoots);
      await roots.check(models);
    })),
  );
  const onDisk = models.filter(({ basePath }) => sourceOf(basePath) === null);
  const look = await lookFor(onDisk, roots);
  const pipelines = new PipelineFindings({ models, names, aspired: look.aspired });
  for (const { name, platform } of models) {
    findings.push(...(look.troubles.get(name) ?? []));
    for (const { version, path } of look.aspired.get(name) ?? []) {
      const id = { name, version };
      if (platform === TENSORFLOW) findings.push(...(await folderFindings(id, path)));
      if (platform === TABLE) findings.push(...(await tableFindings(name, path)));
      if (platform === PIPELINE) findings.push(...(await pipelines.of(id, path)));
      const where = `model ${name}: ${path}`;
      const parameters = async (): Promise<Finding[]> => {
        await batching?.of(name, path);
        return [];
      };
      findings.push(...(await findingsFrom(where, parameters)));
    }
  }
  return [...findings, ...look.notes];
}

async function folderFindings(id: ServableId, path: string): Promise<Finding[]> {
  try {
    await checkVersionFolder(id, path);
    return [];
  } catch (thrown) {
    const { message, isPermanent } = ServingError.from(thrown);
    return [{ ...warning(`model ${id.name}`, message), ...(isPermanent && PERMANENT) }];
  }
}

function tableFindings(name: string, path: string): Promise<readonly Finding[]> {
  const where = `model ${name}`;
  return findingsFrom(where, async () => {
    const mistakes = await tableFileMistakes(path, await readTableConfig(path));
    return mistakes.map((what) => error(where, what));
  });
}

const PERMANENT = { severity: 'error' } as const;

interface Look {
  /** By model. */
  readonly troubles: ReadonlyMap<string, readonly Finding[]>;
  readonly notes: readonly Finding[];
  readonly aspired: ReadonlyMap<string, readonly AspiredVersion[]>;
}

function lookFor(models: readonly ModelConfig[], roots: ModelRoots): Promise<Look> {
  const logged: string[] = [];
  const troubles = new Map<string, readonly Finding[]>();
  const aspired = new Map<string, readonly AspiredVersion[]>();
  const open = new Set(models.map(({ name }) => name));
  const looker = new FileSystemLooker({
    settleMillis: 0, // what is still being written counts
    roots,
    hasFailed: () => false,
    choose: (_policy, _model, versions) => Promise.resolve(versions), // no plugin is asked
  });
  const source = new PolledSource({
    pollWaitSeconds: 0,
    lookerOf: () => looker,
    log: { warn: (text: string) => logged.push(text) } as unknown as Log,
  });
  return new Promise((resolve) => {
    const end = (): void => {
      source.close();
      // Of a trouble the log has a text around it.
      const told = [...troubles.values()].flat();
      const others = logged.filter((text) => !told.some(({ what }) => text.includes(what)));
      resolve({ troubles, notes: others.map((text) => warning('models', text)), aspired });
    };
    source.configure(models.map((model) => ({ ...model, pollWaitSeconds: 0 })));
    source.start({
      aspire: (name, versions) => aspired.set(name, versions),
      troubled: (name, trouble) => {
        if (trouble !== null) {
          const { message, isPermanent } = trouble;
          const found = { ...warning(`model ${name}`, message), ...(isPermanent && PERMANENT) };
          troubles.set(name, [found]);
        }
        open.delete(name);
        if (open.size === 0) setImmediate(end); // its notes come after this
      },
    });
    if (models.length === 0) end();
  });
}

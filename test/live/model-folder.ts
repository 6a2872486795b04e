/**
 * What the live tests serve, in a folder of their own: a model `moving` whose versions come and go, a
 * model `labelled` with versions 1 and 2 and a label, a model `steady`, and the configuration file.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { appendFile, mkdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const REPOSITORY = new URL('../../../', import.meta.url); // seen from dist/test/live/
/** Version N answers N. */
const VERSIONS = fileURLToPath(new URL('test/models/versions', REPOSITORY));
const STEADY = fileURLToPath(new URL('examples/models/half_plus_two', REPOSITORY));

/** As the call HandleReloadConfigRequest takes it. */
export interface ModelEntry {
  readonly name: string;
  readonly base_path: string;
  readonly model_version_policy?: object;
  readonly version_labels?: Readonly<Record<string, number>>;
}

export class ModelFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'tensorgate-live-'));
  readonly configFile = join(this.path, 'models.config');
  readonly #moving = join(this.path, 'moving');

  constructor() {
    for (const version of [1, 2]) {
      cpSync(join(VERSIONS, '1'), join(this.#moving, String(version)), { recursive: true });
    }
    mkdirSync(join(this.path, 'staged'));
  }

  remove(): void {
    rmSync(this.path, { recursive: true });
  }

  /** The models with the label at that version, and with a further model where `extra` says so. */
  entries(label: number | null, extra = false): ModelEntry[] {
    const labelled = {
      name: 'labelled',
      base_path: VERSIONS,
      model_version_policy: { all: {} },
      ...(label !== null && { version_labels: { stable: label } }),
    };
    return [
      { name: 'moving', base_path: this.#moving },
      labelled,
      { name: 'steady', base_path: STEADY },
      ...(extra ? [{ name: 'extra', base_path: VERSIONS }] : []),
    ];
  }

  writeConfig(entries: readonly ModelEntry[]): void {
    writeFileSync(this.configFile, this.textOf(entries));
  }

  /** The configuration file's text. */
  textOf(entries: readonly ModelEntry[]): string {
    const configs = entries.map((entry) => {
      const { name, base_path, model_version_policy, version_labels = {} } = entry;
      const labels = Object.entries(version_labels).map(
        ([key, value]) => `    version_labels { key: "${key}" value: ${value} }\n`,
      );
      return (
        `  config {\n    name: "${name}"\n    base_path: "${base_path}"\n` +
        '    model_platform: "tensorflow"\n' +
        (model_version_policy === undefined ? '' : '    model_version_policy { all {} }\n') +
        `${labels.join('')}  }\n`
      );
    });
    return `model_config_list {\n${configs.join('')}}\n`;
  }

  /** Not as one should: in place, and cut short. */
  corruptConfig(entries: readonly ModelEntry[]): void {
    const text = this.textOf(entries);
    writeFileSync(this.configFile, text.slice(0, Math.floor(text.length * 0.7)));
  }

  /** Prepares a version beside the versions, to be renamed into place later. */
  stage(version: number, isBroken = false): void {
    const staged = this.#staged(version);
    if (isBroken) {
      mkdirSync(staged);
      writeFileSync(join(staged, 'saved_model.pb'), 'no model');
    } else cpSync(contentOf(version), staged, { recursive: true });
  }

  async renameIntoPlace(version: number): Promise<void> {
    await rename(this.#staged(version), this.#place(version));
  }

  /** Copies a version right into place, in pieces over some time; without pauses where `isHurried`. */
  async copySlowly(
    version: number,
    pieces: number,
    pauseMillis: number,
    isHurried = (): boolean => false,
  ): Promise<void> {
    const place = this.#place(version);
    const bytes = readFileSync(join(contentOf(version), 'saved_model.pb'));
    await mkdir(place);
    for (let piece = 0; piece < pieces; ++piece) {
      const part = bytes.subarray(
        Math.floor((piece * bytes.length) / pieces),
        Math.floor(((piece + 1) * bytes.length) / pieces),
      );
      await appendFile(join(place, 'saved_model.pb'), part);
      if (!isHurried()) await delay(pauseMillis);
    }
  }

  /** Removes a version where it lies, file by file, whether it serves or not. */
  async removeVersion(version: number): Promise<void> {
    await rm(this.#place(version), { recursive: true });
  }

  #staged(version: number): string {
    return join(this.path, 'staged', String(version));
  }

  #place(version: number): string {
    return join(this.#moving, String(version));
  }
}

function contentOf(version: number): string {
  return join(VERSIONS, version % 2 === 0 ? '2' : '1');
}

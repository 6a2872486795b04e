import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { seededRandom, type Random } from '../wire/random.js';
import { ServerProcess } from '../wire/server-process.js';
import { ModelFolder } from '../live/model-folder.js';

const SEED = Number(process.env['TENSORGATE_SEED'] ?? Date.now() % 1_000_000);
const KILLS = Number(process.env['TENSORGATE_KILLS'] ?? 3);
const WRITER = fileURLToPath(new URL('../live/config-writer.js', import.meta.url));
/** Of the versions and the configuration, before each kill. UNITS: milliseconds. */
const [LEAST_CHANGES, MOST_CHANGES] = [300, 3000];
const PATIENCE_MILLIS = 15_000;

describe('kill -9', function () {
  this.timeout(KILLS * 60_000);

  it(`changes nothing of what is served after a restart, ${KILLS} times at random (TENSORGATE_SEED=${SEED})`, async () => {
    const folder = new ModelFolder();
    const versions = new Versions(folder);
    folder.writeConfig(folder.entries(1));
    try {
      for (let kill = 0; kill < KILLS; ++kill)
        await killOnce(folder, versions, seededRandom(SEED + kill));
    } finally {
      folder.remove();
    }
  });
});

/** Complete versions that come by a rename and go again; always two at least. */
class Versions {
  readonly #folder: ModelFolder;
  readonly #complete = [1, 2];

  constructor(folder: ModelFolder) {
    this.#folder = folder;
  }

  get highest(): number {
    return this.#complete.at(-1) as number;
  }

  /** Takes over a version that was copied by other means. */
  completed(version: number): void {
    this.#complete.push(version);
  }

  async change(random: Random): Promise<void> {
    if (this.#complete.length > 2 && random.below(2) === 0) {
      const goes = random.below(2) === 0 ? this.#complete.shift() : this.#complete.pop();
      return this.#folder.removeVersion(goes as number);
    }
    const version = this.highest + 1;
    this.#folder.stage(version);
    await this.#folder.renameIntoPlace(version);
    this.#complete.push(version);
  }
}

async function killOnce(folder: ModelFolder, versions: Versions, random: Random): Promise<void> {
  const server = await start(folder);
  const writer = startWriter(folder);
  let killed = false;
  let isOver = false;
  const changing = async (): Promise<void> => {
    while (!killed) {
      await versions.change(random);
      await delay(random.below(300));
    }
  };
  const changes = changing();
  const half = versions.highest + 1000; // above all others: it would serve if it were complete
  const copy = folder.copySlowly(half, 500, 100, () => isOver);
  await delay(LEAST_CHANGES + random.below(MOST_CHANGES - LEAST_CHANGES));
  server.signal('SIGKILL');
  writer.kill('SIGKILL');
  killed = true;
  await Promise.all([server.exit, once(writer, 'close'), changes]);

  const again = await start(folder);
  try {
    await servedIs(again, expected(folder, versions.highest));
    isOver = true;
    await copy;
    versions.completed(half);
    await servedIs(again, expected(folder, half));
  } finally {
    isOver = true;
    again.signal('SIGKILL');
    await again.exit;
  }
}

function start(folder: ModelFolder): Promise<ServerProcess> {
  return ServerProcess.startWith(
    `--model_config_file=${folder.configFile}`,
    '--model_config_file_poll_wait_seconds=1',
    '--allow_version_labels_for_unavailable_models', // so that a start may have labels
  );
}

function startWriter(folder: ModelFolder): ReturnType<typeof spawn> {
  const lists = [folder.entries(1), folder.entries(2, true)].map((entries, i) => {
    const file = `${folder.configFile}.${i}`;
    writeFileSync(file, folder.textOf(entries));
    return file;
  });
  return spawn(process.execPath, [WRITER, folder.configFile, ...lists], { stdio: 'inherit' });
}

/** What the disk and the file say is to be served, and what the label stands for (its answer). */
interface Served {
  readonly models: Readonly<Record<string, readonly string[]>>;
  readonly label: number;
}

function expected(folder: ModelFolder, moving: number): Served {
  const text = readFileSync(folder.configFile, 'utf8');
  const other = text.includes('"extra"'); // of the two files there may be, in whole
  const models = { moving: [String(moving)], labelled: ['2', '1'], steady: ['1'] };
  return { models: { ...models, extra: other ? ['2'] : [] }, label: other ? 2 : 1 };
}

async function servedIs(server: ServerProcess, wanted: Served): Promise<void> {
  const until = Date.now() + PATIENCE_MILLIS;
  for (;;) {
    const models: Record<string, string[]> = {};
    for (const name of Object.keys(wanted.models)) models[name] = await available(server, name);
    const label = await answerOfLabel(server);
    try {
      assert.deepEqual({ models, label }, wanted);
      return;
    } catch (error) {
      if (Date.now() > until) throw error;
    }
    await delay(50);
  }
}

async function available(server: ServerProcess, name: string): Promise<string[]> {
  const response = await fetch(`${server.restUrl}/v1/models/${name}`);
  const reply = (await response.json()) as {
    model_version_status?: { version: string; state: string }[];
  };
  const versions = reply.model_version_status ?? [];
  return versions.filter(({ state }) => state === 'AVAILABLE').map(({ version }) => version);
}

async function answerOfLabel(server: ServerProcess): Promise<number | undefined> {
  const url = `${server.restUrl}/v1/models/labelled/labels/stable:predict`;
  const response = await fetch(url, { method: 'POST', body: '{"instances": [1.0]}' });
  return ((await response.json()) as { predictions?: number[] }).predictions?.[0];
}

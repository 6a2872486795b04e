/** SavedModels of the repo's scripts, loaded into this process. */
import { fileURLToPath } from 'node:url';

import { addon } from '../../src/native/addon.js';
import { SavedModel } from '../../src/native/saved-model.js';
import { Method } from '../../src/native/values.js';

export function testModel(name: string, version = 1): string {
  return fileURLToPath(new URL(`../../../test/models/${name}/${version}`, import.meta.url));
}

export function demoModel(name: string, version = 1): string {
  return fileURLToPath(new URL(`../../../examples/models/${name}/${version}`, import.meta.url));
}

export function load(path: string, name = 'm', version = 1n): Promise<SavedModel> {
  return SavedModel.load({
    name,
    version,
    path,
    tags: ['serve'],
    configProto: new Uint8Array(),
    runInCallerThread: true,
    checkMethodNames: false,
  });
}

/** With OpenVINO for the signatures that it takes. `library`: path of its C library. */
export function loadForOpenVino(path: string, library: string): Promise<SavedModel> {
  return SavedModel.load({
    ...{ name: 'm', version: 1n, path, tags: ['serve'], configProto: new Uint8Array() },
    ...{ runInCallerThread: true, checkMethodNames: false },
    plan: {
      ...{ wanted: 'auto', refusal: '', synthetic: true, tryPool: true, trialMillis: 20 },
      ...{ keepsNan: false, known: null },
      openVino: { library, precision: 'f32', cacheDir: '', wanted: true, cpus: 2 },
    },
  });
}

/** The body's answer as text; rejects with the ServingError. */
export function predictJson(model: SavedModel, body: string, timeoutMillis = 0): Promise<string> {
  return new Promise((resolve, reject) => {
    model.inferJson(Method.predict, Buffer.from(body), timeoutMillis, (error, reply) => {
      if (error === null) resolve(Buffer.from(reply as string).toString());
      else reject(error);
    });
  });
}

/** For the model `slow`, which takes 25 to 200 microseconds an iteration, by machine. */
export function slowBody(iterations: number): string {
  return `{"inputs": {"x": [1], "iterations": [${iterations}]}}`;
}

/** Waits, collecting garbage where `--expose-gc` allows it, until nothing native is alive. */
export async function nothingAlive(): Promise<void> {
  for (let round = 0; round < 200; ++round) {
    const alive = Object.entries(addon().counters()) as [string, number][];
    if (alive.every(([, count]) => count === 0)) return;
    (globalThis as { gc?: () => void }).gc?.();
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
  }
  throw new Error(`still alive: ${JSON.stringify(addon().counters())}`);
}

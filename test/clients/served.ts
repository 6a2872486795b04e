/** The one server that all the programs talk to, and what they ask of it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { ServerProcess } from '../wire/server-process.js';

const MODEL = fileURLToPath(new URL('../../../examples/models/half_plus_two', import.meta.url));
const LARGE_ROWS = 200_000;

export const PREDICT = '/v1/models/m:predict';
export const STATUS = '/v1/models/m';
export const BODY = '{"instances": [1.0, 2.0]}';
/** More than the buffers of proxies and sockets. */
export const LARGE_BODY = `{"instances": [${'1.0, '.repeat(LARGE_ROWS - 1)}1.0]}`;

/** REQUIRES of the following: a test is running. */
export let server: ServerProcess;
/** For the files of programs; goes at the end. */
export let folder: string;
export const bodyFile = (): string => join(folder, 'body.json');
export const largeBodyFile = (): string => join(folder, 'large-body.json');
export const socketPath = (): string => join(folder, 'rest.sock');

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tensorgate-clients-'));
  writeFileSync(bodyFile(), BODY);
  writeFileSync(largeBodyFile(), LARGE_BODY);
  server = await ServerProcess.start('m', MODEL, `--rest_api_socket_path=${socketPath()}`);
});

after(async () => {
  assert.equal((await server.stop()).code, 0);
  rmSync(folder, { recursive: true });
});

/** Fails for what is no answer to BODY. */
export function checkAnswer(text: string): void {
  assert.deepEqual(JSON.parse(text), { predictions: [2.5, 3] });
}

/** Fails for what is no answer to LARGE_BODY. */
export function checkLargeAnswer(text: string): void {
  const { predictions } = JSON.parse(text) as { predictions: number[] };
  assert.equal(predictions.length, LARGE_ROWS);
  assert.ok(predictions.every((value) => value === 2.5));
}

#!/usr/bin/env node
/**
 * The installed package's commands, tensorgate and tensorflow_model_server. Install scripts are blocked by
 * npm, so the native parts are found, or set up once with progress shown, when the server starts.
 */
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureAddon } from '../scripts/setup/native.mjs';
import { ensureOpenVino } from '../scripts/setup/openvino.mjs';
import { ensureOps } from '../scripts/setup/ops.mjs';
import { say, SetupError } from '../scripts/setup/progress.mjs';

const cli = new URL('../dist/src/cli/main.js', import.meta.url);

/** @param {unknown} error @returns {never} */
function refuse(error) {
  say(
    `error: ${error instanceof SetupError ? error.message : (error instanceof Error && error.stack) || error}`,
  );
  process.exit(1);
}

if (!existsSync(fileURLToPath(cli))) {
  refuse(new SetupError('not built yet; in a checkout run: npm start'));
}
const { main } = await import(cli.href);
await main(process.argv.slice(2), {
  program: basename(process.argv[1] ?? 'tensorgate'),
  demo: false,
  prepare: async (/** @type {readonly string[]} */ ops) => {
    process.env.TENSORGATE_ADDON ??= await ensureAddon().catch(refuse);
    return ensureOps(ops).catch(refuse);
  },
  openVino: ensureOpenVino,
});

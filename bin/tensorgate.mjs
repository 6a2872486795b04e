#!/usr/bin/env node
/**
 * The installed package's commands, tensorgate and tensorflow_model_server. Install scripts are blocked by
 * npm, so the native parts are found, or set up once with progress shown, when the server starts.
 */
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureAddon } from '../scripts/setup/native.mjs';
import { say, SetupError } from '../scripts/setup/progress.mjs';

const cli = new URL('../dist/src/cli.js', import.meta.url);
const args = process.argv.slice(2);
const textOnly = args.some((arg) => /^--?(version|help|h)$/.test(arg));

try {
  if (!existsSync(fileURLToPath(cli))) {
    throw new SetupError('not built yet; in a checkout run: npm start');
  }
  if (!textOnly) process.env.TENSORGATE_ADDON ??= await ensureAddon();
} catch (error) {
  say(
    `error: ${error instanceof SetupError ? error.message : (error instanceof Error && error.stack) || error}`,
  );
  process.exit(1);
}
const { main } = await import(cli.href);
await main(args, { program: basename(process.argv[1] ?? 'tensorgate'), demo: false });

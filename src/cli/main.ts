/**
 * The command line: flags in, a running server or an exit code out; or a command for a running server,
 * see run-command.ts. Everything printed here is upstream's text on upstream's stream; 255 is its exit code
 * for every refusal.
 */
import { readFileSync } from 'node:fs';

import { chooseOneDnn } from '../config/onednn.js';
import { usableCpus } from '../config/cpu-count.js';
import type { Flags } from '../config/flag-table.js';
import type { ModelServerConfig } from '../config/model-config.js';
import { parseFlags, readCommandLine, type CommandLine } from '../config/flags.js';
import { opSetsOf } from '../config/op-sets.js';
import { readPlatformConfig } from '../config/platform-config.js';
import { printTextFormatMistakes } from '../config/text-proto.js';
import { unknownArgumentText, usageText, versionText } from '../config/usage.js';
import { demoExamples, demoModels } from '../demo.js';
import { createLog, type Log } from '../log/log.js';
import { PLATFORMS } from '../platforms.js';
import { Plugins } from '../plugins/plugins.js';
import { Server } from '../server.js';
import { ServingError } from '../status/serving-error.js';

const REFUSED = 255;
const UNLOAD_MILLIS = 10_000;
const MAX_DRAIN_WAIT_SECONDS = 24 * 3600;
const DEMO_REST_PORT = 8501;
/** The program that knows upstream's command line alone. */
const UPSTREAM_PROGRAM = 'tensorflow_model_server';
const COMMANDS: ReadonlySet<string> = new Set([
  'status',
  'reload',
  'labels',
  'rollback',
  'models',
  'warmup',
  'profile',
]);

export interface MainOptions {
  /** What the usage text calls the program. */
  readonly program: string;
  /** Serve the bundled models when the flags name none. */
  readonly demo: boolean;
  /**
   * Makes the native parts ready; called once, when the flags are found to be right. Resolves with the
   * paths of the op libraries that make up the sets `ops`, in the order of loading.
   */
  readonly prepare: (ops: readonly string[]) => Promise<readonly string[]>;
  /** Finds or fetches OpenVINO's C library, for a load that needs it; rejects where it cannot. */
  readonly openVino: () => Promise<string>;
}

/** Resolves once the server serves, or when there is nothing to serve; sets process.exitCode. */
export async function main(
  argv: readonly string[],
  { program, demo, prepare, openVino }: MainOptions,
): Promise<void> {
  if (COMMANDS.has(argv[0] ?? '') && program !== UPSTREAM_PROGRAM) {
    const { runCommand } = await import('./run-command.js'); // a server does without it
    process.exitCode = await runCommand(argv, program);
    return;
  }
  const cpus = usableCpus();
  const parsed = parseFlags(argv, cpus);
  const line = readCommandLine(argv, cpus);
  if (line.flags.validate_config && parsed.kind !== 'help' && parsed.kind !== 'version') {
    process.exitCode = await validateConfig(line, cpus, demo);
    return;
  }
  switch (parsed.kind) {
    case 'error':
      process.stderr.write(parsed.errors.map((error) => `${error}\n`).join(''));
      process.stdout.write(usageText(program, cpus));
      process.exitCode = REFUSED;
      return;
    case 'help':
      process.stdout.write(usageText(program, cpus));
      process.exitCode = REFUSED;
      return;
    case 'version':
      process.stdout.write(versionText(...versions()));
      return;
    case 'refused':
    case 'run':
      if (parsed.unknown !== null) {
        process.stdout.write(unknownArgumentText(parsed.unknown) + usageText(program, cpus));
      }
  }
  if (parsed.kind === 'refused') {
    process.stdout.write(`${parsed.message}\n`);
    process.exitCode = REFUSED;
    return;
  }
  const log = createLog(parsed.flags.log_level, parsed.flags.log_format);
  for (const warning of parsed.warnings) log.warn(warning);
  // TensorFlow's own lines of level INFO say nothing about serving; its variable still decides.
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '1';
  chooseOneDnn(parsed.flags.tensorflow_onednn as 'auto' | 'on' | 'off', process.env);
  const named = parsed.flags.model_base_path !== '' || parsed.flags.model_config_file !== '';
  const asDemo = demo && !named;
  const flags = asDemo ? withDemoPort(parsed.flags) : parsed.flags;
  await serve(flags, asDemo ? demoModels() : null, { prepare, openVino }, cpus, log);
  if (asDemo && process.exitCode === undefined) {
    process.stdout.write(demoExamples(flags.port, flags.rest_api_port));
  }
}

/** Prints what is wrong, a line each, and a count. Returns the exit code. */
async function validateConfig(line: CommandLine, cpus: number, demo: boolean): Promise<number> {
  const { validate } = await import('../validation/validate.js'); // a server does without it
  const { findingText } = await import('../validation/finding.js');
  const findings = await validate(line, { cpus, env: process.env, hasModels: demo });
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const lines = findings.map(findingText);
  const count = (number: number, what: string): string =>
    `${number} ${what}${number === 1 ? '' : 's'}`;
  lines.push(`${count(errors, 'error')}, ${count(findings.length - errors, 'warning')}`);
  process.stdout.write(lines.map((text) => `${text}\n`).join(''));
  return errors === 0 ? 0 : 1;
}

async function serve(
  flags: Flags,
  models: ModelServerConfig | null,
  { prepare, openVino }: Pick<MainOptions, 'prepare' | 'openVino'>,
  cpus: number,
  log: Log,
): Promise<void> {
  let server: Server | null = null;
  let isStopping = (): boolean => false;
  try {
    const opLibraries = await prepare(opSetsOf(flags.ops, process.env));
    const platform = await readPlatformConfig(flags, cpus);
    for (const what of platform.withoutEffect) log.warn(`${what} has no effect`);
    const plugins = await Plugins.start(flags, log);
    const platforms = new Map([...PLATFORMS, ...plugins.platforms]);
    const served = { flags: platform.flags, models, platform, platforms, plugins };
    server = new Server({ ...served, cpus, log, opLibraries, openVino });
    isStopping = stopOnSignal(server, flags, log);
    await server.start();
    log.info('serving');
  } catch (error) {
    const refusal = ServingError.from(error);
    if (isStopping()) {
      log.error(`stopped before it served: ${refusal.message}`);
      return; // the signal's stop goes on, and ends the process
    }
    printTextFormatMistakes(refusal);
    for (const { field, description } of refusal.violations) log.error({ field }, description);
    process.stdout.write(`Failed to start server. Error: ${refusal.toString()}\n`);
    await server?.stop(0).catch(() => undefined);
    process.exit(REFUSED);
  }
}

function withDemoPort(flags: Flags): Flags {
  return flags.rest_api_port === 0 ? { ...flags, rest_api_port: DEMO_REST_PORT } : flags;
}

/** The first signal drains and ends with 0; a second one ends at once. Tells whether there was one. */
function stopOnSignal(server: Server, flags: Flags, log: Log): () => boolean {
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(1);
    stopping = true;
    log.info(`${signal}: draining`);
    const graceMillis = Math.max(0, flags.shutdown_grace_seconds) * 1000;
    const waitMillis = Math.min(flags.drain_wait_seconds, MAX_DRAIN_WAIT_SECONDS) * 1000;
    // A graph that never ends would hold the process for ever, even inside process.exit().
    setTimeout(
      () => {
        log.error('a run did not end: killed');
        process.kill(process.pid, 'SIGKILL');
      },
      waitMillis + graceMillis + UNLOAD_MILLIS,
    ).unref();
    void server.stop(graceMillis, waitMillis).then(() => {
      // A start that the signal ends says first what it waited for.
      setImmediate(() => {
        log.info('stopped');
        process.exit(0);
      });
    });
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  return () => stopping;
}

/** Server and library version, from package.json: asking the library would load 800 MB for it. */
function versions(): [server: string, tensorflow: string] {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  const manifest = JSON.parse(text) as { version: string; tensorflow: string };
  return [manifest.version, manifest.tensorflow];
}

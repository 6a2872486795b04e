/**
 * What the command line prints: the usage text and the version text, byte for byte in
 * upstream's format. Pure; the caller writes it to stdout.
 */
import { defaultOf, FLAG_TABLE, type FlagSpec } from './flag-table.js';

/** `program` is the name the server was called by; defaults show the values for `cpus`. */
export function usageText(program: string, cpus: number): string {
  const lines = FLAG_TABLE.map((spec) => flagLine(spec, cpus));
  return `usage: ${program}\nFlags:\n${lines.join('')}`;
}

/** What precedes the usage text when the first argument left over is not a flag. */
export function unknownArgumentText(argument: string): string {
  return `unknown argument: ${argument}\n`;
}

export function versionText(serverVersion: string, tensorflowVersion: string): string {
  return `TensorFlow ModelServer: ${serverVersion}\nTensorFlow Library: ${tensorflowVersion}\n`;
}

function flagLine(spec: FlagSpec, cpus: number): string {
  const assignment = `--${spec.name}=${shownDefault(spec, cpus)}`;
  return `\t${assignment.padEnd(33)}\t${spec.type}\t${spec.help}\n`;
}

function shownDefault(spec: FlagSpec, cpus: number): string {
  const value = defaultOf(spec, cpus);
  if (typeof value === 'string') return `"${value}"`;
  if (spec.type === 'float') return Number(value).toFixed(6);
  return String(value);
}

/** Finding: one thing that --validate_config says of the flags or a file. */
import { ServingError, StatusCode } from '../status/serving-error.js';

/** An `error` ends a start, or turns off what was asked for; with a `warning` the server serves. */
export interface Finding {
  readonly severity: 'error' | 'warning';
  /** A flag, a model, or `FILE:LINE:COLUMN`. */
  readonly where: string;
  readonly what: string;
}

export const error = (where: string, what: string): Finding => ({ severity: 'error', where, what });

export const warning = (where: string, what: string): Finding => ({
  severity: 'warning',
  where,
  what,
});

/** What was thrown: of a text that is wrong a finding for each place. */
export function findingsOf(thrown: unknown, where: string): Finding[] {
  const { code, message, violations } = ServingError.from(thrown);
  if (code !== StatusCode.INVALID_ARGUMENT || violations.length === 0) {
    return message.split('\n').map((line) => error(where, line));
  }
  return violations.map(({ field, description }) => error(field || where, description));
}

export type Checked = readonly Finding[] | void;

/** What the check finds; or throws, where that says it all. */
export async function findingsFrom(
  where: string,
  check: () => Checked | Promise<Checked>,
): Promise<readonly Finding[]> {
  try {
    return (await check()) ?? [];
  } catch (thrown) {
    return findingsOf(thrown, where);
  }
}

/** A line. */
export function findingText({ severity, where, what }: Finding): string {
  return `${severity}: ${where}: ${what.replaceAll(/\s+/g, ' ')}`;
}

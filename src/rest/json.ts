/** The JSON texts the REST API writes itself, with upstream's white space. */
import { ServableState, type VersionStatus } from '../core/servable.js';
import { statusName } from '../status/serving-error.js';

export const SHORT_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);

/** Upper-case hex, and nothing above 0x1f but quotes and backslashes escaped, as upstream. */
export function quoted(text: string): string {
  const escaped = text.replace(/["\\\u0000-\u001f]/g, (char) => {
    const code = char.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
    return SHORT_ESCAPES.get(char) ?? `\\u${code}`;
  });
  return `"${escaped}"`;
}

export function errorJson(message: string): string {
  return `{\n    "error": ${quoted(message)}\n}`;
}

const STATE_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(ServableState).map(([name, state]) => [state, name]),
);

/** GetModelStatusResponse as proto3 JSON, indented by one blank, ending in a newline. */
export function modelStatusJson(statuses: readonly VersionStatus[]): string {
  return `{\n ${versionsJson(statuses, ' ')}\n}\n`;
}

/** The member `model_version_status`, in an object whose members are indented by `indent`. */
export function versionsJson(statuses: readonly VersionStatus[], indent: string): string {
  if (statuses.length === 0) return '"model_version_status": []';
  const entries = statuses.map(
    ({ version, state, error }) => `${indent} {
${indent}  "version": "${version}",
${indent}  "state": "${STATE_NAMES.get(state) ?? 'UNKNOWN'}",
${indent}  "status": {
${indent}   "error_code": "${error === null ? 'OK' : statusName(error.code)}",
${indent}   "error_message": ${quoted(error?.message ?? '')}
${indent}  }
${indent} }`,
  );
  return `"model_version_status": [\n${entries.join(',\n')}\n${indent}]`;
}

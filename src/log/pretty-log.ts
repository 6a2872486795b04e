/**
 * The log as people read it on a terminal: time, level, message, and what else a line has as `name=value`. Made
 * of the lines of JSON that everybody else gets.
 */

const LEVELS: Readonly<Record<number, readonly [name: string, colour: number]>> = {
  20: ['DEBUG', 90],
  30: ['INFO', 32],
  40: ['WARN', 33],
  50: ['ERROR', 31],
};
const PLAIN_WORD = /^[^\s"=]+$/;

/** A line of pino's as text; what is none stays as it is. `colours`: the terminal has them. */
export function prettyLine(json: string, colours: boolean): string {
  let line: Record<string, unknown>;
  try {
    line = JSON.parse(json) as Record<string, unknown>;
  } catch {
    return json;
  }
  const { level, time, msg, ...rest } = line;
  const [name, colour] = LEVELS[level as number] ?? ['INFO', 32];
  const padded = name.padEnd(5);
  const shown = colours ? `\u001b[${colour}m${padded}\u001b[0m` : padded;
  const clock = new Date(Number(time)).toTimeString().slice(0, 8);
  const more = Object.entries(rest).map(([key, value]) => `${key}=${valueText(value)}`);
  // A client's text must not steer the terminal, nor look like a line of its own.
  const text = [typeof msg === 'string' ? msg : '', ...more].join('  ').trim();
  return `${clock} ${shown} ${printable(text)}\n`;
}

function valueText(value: unknown): string {
  if (typeof value === 'string' && PLAIN_WORD.test(value)) return value;
  return JSON.stringify(value);
}

function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (control) => {
    return `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

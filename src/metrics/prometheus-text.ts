/**
 * Families as upstream's Prometheus text has them: its rules for names, labels and limits. The text itself is
 * the addon's: braces even without labels, every bucket even when empty.
 */
import type { Family } from './families.js';

export function metricName(name: string): string {
  return withoutLeadingDigit(name.replace(/[^a-zA-Z0-9_]/g, ':'));
}

export function labelName(name: string): string {
  return withoutLeadingDigit(name.replace(/[^a-zA-Z0-9]/g, '_'));
}

/**
 * Upstream leaves line feeds as they are, with which a client could write lines of its own into the
 * page, by a model's name: here they are escaped as the format has it.
 */
export function labelValue(value: string): string {
  if (!/[\\"\n]/.test(value)) return value;
  return value.replace(/[\\"\n]/g, (char) => (char === '\n' ? '\\n' : `\\${char}`));
}

/** C's %g: 6 significant digits; a tie goes to the even digit. REQUIRES: not negative, finite. */
export function formatG(value: number): string {
  const digits = value.toExponential(30);
  const isTie = /^\d\.\d{4}[02468]50*e/.test(digits);
  const rounded = isTie ? Number(digits.slice(0, 7) + digits.slice(digits.indexOf('e'))) : value;
  const [mantissa = '', exponent = ''] = rounded.toExponential(5).split('e');
  const power = Number(exponent);
  const short = (text: string): string => text.replace(/\.?0+$/, '');
  if (power >= -4 && power < 6) {
    const fixed = rounded.toFixed(5 - power);
    return fixed.includes('.') ? short(fixed) : fixed;
  }
  return `${short(mantissa)}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

/** What is in a page: the addon makes its text of it, see binding/codec/metrics_text.h. */
export interface FamilyLines {
  readonly lines: string;
  readonly numbers: Float64Array;
  /** Text that comes after it. */
  readonly appendix: string;
}

export function familyLines(families: readonly Family[], appendix: string): FamilyLines {
  let lines = '';
  const numbers: number[] = [];
  for (const family of families) {
    const { labelNames } = family;
    lines += `# TYPE ${metricName(family.name)} ${family.kind}\n`;
    const starts = labelNames.map((name, i) => `${i === 0 ? '' : ','}${labelName(name)}="`);
    if (family.kind === 'histogram') {
      lines += `${limitTexts(family.limits)}\n`;
      for (const { labelValues, buckets, sum } of family.samples()) {
        lines += `${labelText(starts, labelValues)}\n`;
        for (let i = 0; i <= family.limits.length; ++i) numbers.push(buckets[i] ?? 0);
        numbers.push(sum);
      }
    } else {
      lines += '\n';
      for (const { labelValues, value } of family.samples()) {
        lines += `${labelText(starts, labelValues)}\n`;
        numbers.push(value);
      }
    }
  }
  return { lines, numbers: Float64Array.from(numbers), appendix };
}

function labelText(starts: readonly string[], values: readonly string[]): string {
  let text = '';
  for (let i = 0; i < starts.length; ++i) text += `${starts[i]}${labelValue(values[i] ?? '')}"`;
  return text;
}

/** There are few kinds of limits, and many pages. */
const textsOfLimits = new WeakMap<readonly number[], string>();

function limitTexts(limits: readonly number[]): string {
  let text = textsOfLimits.get(limits);
  if (text === undefined) {
    text = limits.map(formatG).join(' ');
    textsOfLimits.set(limits, text);
  }
  return text;
}

function withoutLeadingDigit(name: string): string {
  return /^\d/.test(name) ? `_${name}` : name;
}

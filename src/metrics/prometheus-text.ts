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

/** One line for each sample, however many the text has: a histogram's counts are copied as they are. */
export function familyLines(families: readonly Family[], appendix: string): FamilyLines {
  let lines = '';
  const values: ArrayLike<number>[] = [];
  let size = 0;
  for (const family of families) {
    const starts = family.labelNames.map((name, i) => `${i === 0 ? '' : ','}${labelName(name)}="`);
    const limits = family.kind === 'histogram' ? limitTexts(family.limits) : '';
    lines += `# TYPE ${metricName(family.name)} ${family.kind}\n${limits}\n`;
    if (family.kind === 'histogram') {
      const buckets = family.limits.length + 1;
      for (const sample of family.samples()) {
        lines += `${labelText(starts, sample.labelValues)}\n`;
        values.push(sample.buckets, [sample.sum]);
        size += buckets + 1;
      }
    } else {
      for (const sample of family.samples()) {
        lines += `${labelText(starts, sample.labelValues)}\n`;
        values.push([sample.value]);
        ++size;
      }
    }
  }
  return { lines, numbers: joined(values, size), appendix };
}

/** REQUIRES: `size` of them in all. */
function joined(values: readonly ArrayLike<number>[], size: number): Float64Array {
  const numbers = new Float64Array(size);
  let at = 0;
  for (const part of values) {
    numbers.set(part, at);
    at += part.length;
  }
  return numbers;
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

/**
 * Families as upstream's Prometheus text: a TYPE line each, no HELP, braces even without labels, every
 * bucket even when empty. In pieces, so that a long page need not be written in one turn of the loop.
 */
import {
  byLabelValues,
  type Family,
  type HistogramFamily,
  type HistogramSample,
} from './families.js';

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

/** Each piece is whole lines, those of one sample at most. */
export function* familyText(family: Family): Generator<string> {
  const name = metricName(family.name);
  yield `# TYPE ${name} ${family.kind}\n`;
  if (family.kind === 'histogram') {
    const limits = [...family.limits.map(formatG), '+Inf'].map((limit) => `le="${limit}"} `);
    for (const sample of [...family.samples()].sort(byLabelValues)) {
      yield histogramText(name, family, sample, limits);
    }
    return;
  }
  for (const { labelValues, value } of [...family.samples()].sort(byLabelValues)) {
    yield `${name}{${labels(family.labelNames, labelValues)}} ${value}\n`;
  }
}

function histogramText(
  name: string,
  family: HistogramFamily,
  { labelValues, buckets, sum }: HistogramSample,
  limits: readonly string[],
): string {
  const own = labels(family.labelNames, labelValues);
  const bucket = `${name}_bucket{${own}${own === '' ? '' : ','}`;
  let text = '';
  let count = 0;
  for (let i = 0; i < limits.length; ++i) {
    count += buckets[i] ?? 0;
    text += `${bucket}${limits[i]}${count}\n`;
  }
  return `${text}${name}_sum{${own}} ${formatG(sum)}\n${name}_count{${own}} ${count}\n`;
}

function labels(names: readonly string[], values: readonly string[]): string {
  return names.map((name, i) => `${labelName(name)}="${labelValue(values[i] ?? '')}"`).join(',');
}

function withoutLeadingDigit(name: string): string {
  return /^\d/.test(name) ? `_${name}` : name;
}

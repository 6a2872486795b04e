/** The text that the addon makes of families, for tests that do without it. */
import type { Family } from '../../../src/metrics/families.js';
import { familyLines, formatG, type FamilyLines } from '../../../src/metrics/prometheus-text.js';

export function familyText(family: Family): string[] {
  return [textOf(familyLines([family], ''))];
}

/** As binding/codec/metrics_text.h. */
export function textOf({ lines, numbers, appendix }: FamilyLines): string {
  let text = '';
  let at = 0;
  for (const part of lines.split(/^(?=#)/m)) {
    const [type = '', limits = '', ...samples] = part.split('\n').slice(0, -1);
    if (part === '') continue;
    const [, , name = ''] = type.split(' ');
    const limitTexts = limits === '' ? [] : [...limits.split(' '), '+Inf'];
    const size = limits === '' ? 1 : limitTexts.length + 1;
    const texts = samples.map((labels) => {
      const own = numbers.subarray(at, (at += size));
      if (limits === '') return [labels, `${name}{${labels}} ${own[0]}\n`] as const;
      const before = labels === '' ? '' : `${labels},`;
      let count = 0;
      const buckets = limitTexts.map((limit, i) => {
        count += own[i] ?? 0;
        return `${name}_bucket{${before}le="${limit}"} ${count}\n`;
      });
      const sum = `${name}_sum{${labels}} ${formatG(own.at(-1) ?? 0)}\n`;
      return [labels, `${buckets.join('')}${sum}${name}_count{${labels}} ${count}\n`] as const;
    });
    const key = (labels: string): string => labels.replaceAll('"', '\0');
    texts.sort(([a], [b]) => (key(a) < key(b) ? -1 : 1));
    text += `${type}\n${texts.map(([, sample]) => sample).join('')}`;
  }
  return text + appendix;
}

/** `tensorgate labels`: sets or removes labels of a model's versions. */
import { versionOf } from './arguments.js';
import { changed } from './changed.js';
import type { Command } from './command.js';
import { UsageError } from './usage-error.js';

interface Part {
  readonly version: bigint;
  readonly weight: number;
}

export const labels: Command = {
  usage: [
    'labels set MODEL LABEL=VERSION… [--write_back]',
    'labels set MODEL LABEL=VERSION:WEIGHT,VERSION:WEIGHT… [--write_back]',
    'labels remove MODEL LABEL… [--write_back]',
  ],
  switches: ['write_back'],
  values: [],
  run: async (given, client) => {
    const [action, name, ...rest] = given.take(3, Infinity);
    const write_back = given.has('write_back');
    if (action !== 'set' && action !== 'remove') {
      throw new UsageError('labels set, or labels remove?');
    }
    const change =
      action === 'remove' ? { remove: rest } : { set: Object.fromEntries(rest.map(labelOf)) };
    return changed(client, await client.admin('SetLabels', { name, ...change, write_back }));
  },
};

/** `LABEL=1`, or `LABEL=1:90,2:10`. @throws UsageError */
export function labelOf(text: string): [label: string, split: { parts: Part[] }] {
  const equals = text.indexOf('=');
  if (equals < 1) throw new UsageError(`${text} is not of the form LABEL=VERSION`);
  const parts = text
    .slice(equals + 1)
    .split(',')
    .map(partOf);
  return [text.slice(0, equals), { parts }];
}

function partOf(text: string): Part {
  const [version = '', weight = '1', ...more] = text.split(':');
  const number = /^[\d.]+$/.test(weight) ? Number(weight) : NaN;
  if (!(number > 0 && number < Infinity) || more.length > 0) {
    throw new UsageError(`${text} is not of the form VERSION:WEIGHT, with a weight above 0`);
  }
  return { version: versionOf(version), weight: number };
}

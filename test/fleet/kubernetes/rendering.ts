/** What the project has for Kubernetes, and the chart in it rendered by Helm. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { outputOf } from '../../clients/programs.js';

export const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));
export const DEPLOY = join(ROOT, 'deploy');
export const CHART = join(DEPLOY, 'helm', 'tensorgate');
export const SERVER = join(ROOT, 'bin', 'tensorgate.mjs');

const MOST_MILLIS = 120_000;

interface Package {
  readonly version: string;
}

/** That of the package, and so of the chart and the images. */
export const { version: VERSION } = JSON.parse(
  readFileSync(join(ROOT, 'package.json'), 'utf8'),
) as Package;

/** What Helm prints; it is some 100 MB that may have to come from the disk first. */
export function runHelm(helm: string, ...args: string[]): Promise<string> {
  return outputOf(helm, args, null, MOST_MILLIS);
}

/** The manifests of a release, with values of a file and further ones as --set has them. */
export function renderChart(
  helm: string,
  release: string,
  values: string,
  set: readonly string[] = [],
): Promise<string> {
  const args = ['template', release, CHART, '--namespace=prod', `--values=${values}`];
  return runHelm(helm, ...args, ...set.map((each) => `--set=${each}`));
}

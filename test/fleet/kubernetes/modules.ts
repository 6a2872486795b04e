/** What comes as Go modules: Helm, built once, and the files of modules that are only read, such as CRDs. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { find } from '../../clients/programs.js';
import { IS_WHOLE } from '../harness.js';

const HELM_VERSION = 'v4.3.1';
const BUILD = fileURLToPath(new URL('../../../../build', import.meta.url));
/** Half of Kubernetes is compiled, and that on machines with something else to do. */
const BUILD_MILLIS = 900_000;
const DOWNLOAD_MILLIS = 300_000;

/** Why it is not there. */
export class Missing {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

/** A test, given the paths of what it needs; skipped, with the reason, where something of that is missing. */
export function itGiven(
  title: string,
  needs: readonly (() => Promise<string | Missing>)[],
  body: (...paths: string[]) => Promise<void>,
): void {
  it(title, async function () {
    const paths: string[] = [];
    for (const find of needs) {
      const found = await find();
      if (found instanceof Missing) {
        Object.assign(this.test ?? {}, { skipReason: found.reason });
        this.skip();
      }
      paths.push(found);
    }
    await body(...paths);
  });
}

/** Where Go's own archive puts it, often not on the path of services. */
const GO = '/usr/local/go/bin/go';
const go = (): string | null => find('go') ?? (existsSync(GO) ? GO : null);

async function build(compiler: string, to: string): Promise<void> {
  const folder = mkdtempSync(join(BUILD, 'helm-'));
  try {
    await promisify(execFile)(compiler, ['install', `helm.sh/helm/v4/cmd/helm@${HELM_VERSION}`], {
      env: { ...process.env, GOBIN: folder, CGO_ENABLED: '0' },
      timeout: BUILD_MILLIS,
    });
    renameSync(join(folder, 'helm'), to); // whole, or not there
  } finally {
    rmSync(folder, { recursive: true });
  }
}

let helm: Promise<string | Missing> | null = null;

/** As it is installed, or as npm run fleet built it in build/. Looked for once. */
export const findHelm = (): Promise<string | Missing> => (helm ??= helmFound());

async function helmFound(): Promise<string | Missing> {
  const installed = find('helm');
  if (installed !== null) return installed;
  const built = join(BUILD, `helm-${HELM_VERSION}`);
  if (existsSync(built)) return built;
  if (!IS_WHOLE) {
    return new Missing(
      'there is no helm; npm run fleet -- --only=kubernetes builds it, in minutes',
    );
  }
  const compiler = go();
  if (compiler === null) return new Missing('there is neither helm nor go');
  try {
    await build(compiler, built);
  } catch (error) {
    return new Missing(`helm cannot be built: ${String(error)}`);
  }
  return built;
}

export interface GoModule {
  readonly path: string;
  readonly version: string;
  /** As go.sum has it. */
  readonly sum: string;
}

/** Where its files are. */
export async function findModule(module: GoModule): Promise<string | Missing> {
  const { path, version, sum } = module;
  if (!IS_WHOLE) return new Missing(`${path} is fetched by npm run fleet -- --only=kubernetes`);
  const program = go();
  if (program === null) return new Missing('there is no go');
  let answer;
  try {
    answer = await promisify(execFile)(
      program,
      ['mod', 'download', '-json', `${path}@${version}`],
      {
        cwd: BUILD,
        timeout: DOWNLOAD_MILLIS,
      },
    );
  } catch (error) {
    return new Missing(`${path} cannot be fetched: ${String(error)}`);
  }
  const found = JSON.parse(answer.stdout) as { readonly Dir: string; readonly Sum: string };
  assert.equal(found.Sum, sum, `${path}@${version} is not what it was`);
  return found.Dir;
}

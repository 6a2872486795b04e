/** The image under test: built once by scripts/image.sh, with what its list of parts and podman say of it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { engineEnvironment, podman } from './podman.js';

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));
export const IMAGE = 'localhost/tensorgate:fleet';
export const IN_IMAGE = '/usr/share/sbom/tensorgate.cdx.json';
const SERVER = 'opt/tensorgate/lib/node_modules';

/** As a user builds it; what it prints is shown. It has `images` by name in podman's store then. */
export async function buildImage(tag = IMAGE, buildArgs: readonly string[] = []): Promise<void> {
  const added = buildArgs.map((each) => `--build-arg=${each}`);
  const args = ['--engine=podman', `--tag=${tag}`, '--', '--network=host', ...added];
  const build = spawn(join(ROOT, 'scripts', 'image.sh'), args, {
    env: engineEnvironment(),
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code] = (await once(build, 'close')) as [number | null];
  if (code !== 0) throw new Error(`scripts/image.sh ended with status ${code}`);
}

export interface Bom {
  readonly specVersion: string;
  readonly components: readonly { readonly purl: string; readonly version: string }[];
}

/** The text beside the image. */
export const bomText = (): string =>
  readFileSync(join(ROOT, 'build', 'image', 'tensorgate-fleet.cdx.json'), 'utf8');

/** Of its layers, the uppermost first. UNITS: bytes. */
export async function layerSizes(): Promise<number[]> {
  const history = JSON.parse(await podman('history', '--format=json', IMAGE)) as { size: number }[];
  return history.map(({ size }) => size).filter((size) => size > 0);
}

/** Paths of its files, without a leading slash, and their modes as `ls` shows them. */
export async function imageFiles(): Promise<Map<string, string>> {
  const container = await podman('create', IMAGE);
  try {
    const mounted = await podman('mount', container);
    const { stdout } = await listing(mounted);
    return new Map(
      stdout
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => {
          const [mode = '', ...path] = line.split(' ');
          return [path.join(' '), mode];
        }),
    );
  } finally {
    await podman('rm', container);
  }
}

async function listing(folder: string): Promise<{ stdout: string }> {
  const find = spawn('find', [folder, '-printf', '%M %P\n'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let stdout = '';
  find.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  await once(find, 'close');
  return { stdout };
}

/** The npm packages that lie in it, `name@version`, from their own package.json files. */
export function packageFolders(files: ReadonlyMap<string, string>): string[] {
  return [...files.keys()].filter(
    (path) =>
      /node_modules\/(@[^/]+\/)?[^/]+\/package\.json$/.test(path) && path.startsWith(SERVER),
  );
}

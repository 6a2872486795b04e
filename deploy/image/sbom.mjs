/**
 * node sbom.mjs STATUS_FOLDER SERVER_FOLDER <npm.cdx.json >all.cdx.json
 * Adds to npm's CycloneDX list of packages what the image has besides: Debian's packages, Node.js, libtensorflow, the
 * addon, and what it was built with: op libraries, OpenVINO.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

const [statusFolder, serverFolder] = process.argv.slice(2);
const packageFolder = join(serverFolder, 'lib', 'node_modules', 'tensorgate');
/** As the names of wheels have it. */
const MACHINE = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
const libtensorflow = process.env.LIBTENSORFLOW_PATH ?? '';

/** @param {string} path */
const sha256 = (path) => createHash('sha256').update(readFileSync(path)).digest('hex');

/** @param {string} content */
const hashes = (content) => [{ alg: 'SHA-256', content }];

/** @param {string} type @param {string} name @param {string} version @param {string} purl @param {object} [more] */
const component = (type, name, version, purl, more = {}) => ({
  'bom-ref': purl,
  type,
  name,
  version,
  purl,
  ...more,
});

/** @param {string} name */
function debianPackage(name) {
  const status = readFileSync(join(statusFolder, name), 'utf8');
  const field = (/** @type {string} */ key) =>
    RegExp(`^${key}: (.*)$`, 'm').exec(status)?.[1] ?? '';
  const version = encodeURIComponent(field('Version'));
  const purl = `pkg:deb/debian/${encodeURIComponent(name)}@${version}?arch=${field('Architecture')}&distro=bookworm`;
  return component('library', name, field('Version'), purl);
}

/** Wheels that are pinned in a file of scripts/, by the name of the wheel. @param {string} pins */
const wheelsIn = (pins) =>
  readFileSync(join(packageFolder, 'scripts', pins), 'utf8')
    .split('\n')
    .flatMap((line) => [
      ...line.matchAll(/^([0-9a-f]{64})\s+(\w+)-([\d.]+)-\S+_(x86_64|aarch64)\.whl$/g),
    ])
    .map(([, hash, name, version, machine]) => ({ hash, name, version, machine }))
    .filter(({ machine }) => machine === MACHINE);

/** @param {ReturnType<typeof wheelsIn>[number]} wheel @param {string} description */
const wheelComponent = ({ hash, name, version }, description) =>
  component('library', name, version, `pkg:pypi/${name.replaceAll('_', '-')}@${version}`, {
    hashes: hashes(hash),
    description,
  });

/** CUDA's libraries, as pip's requirements with hashes. */
const cudaComponents = () =>
  [
    ...readFileSync(join(packageFolder, 'scripts', 'cuda-libs.txt'), 'utf8').matchAll(
      /^([\w-]+)==([\w.]+)/gm,
    ),
  ].map(([, name, version]) => component('library', name, version, `pkg:pypi/${name}@${version}`));

const sbom = JSON.parse(await text(process.stdin));
// Addresses as package.json files have them for git need not be URLs, as CycloneDX wants them.
for (const { externalReferences = [] } of sbom.components) {
  for (const reference of externalReferences) {
    reference.url = reference.url.replace(/^(git@[^:/]+):/, 'git+ssh://$1/');
  }
}
const { version } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8'));
const addon = join(serverFolder, 'native', 'build', 'Release', 'tensorgate.node');
const [, , , wheelHash] = readFileSync(join(libtensorflow, 'libtensorflow.stamp'), 'utf8')
  .trim()
  .split(' ');
sbom.components.push(
  ...readdirSync(statusFolder).sort().map(debianPackage),
  component('platform', 'node', process.versions.node, `pkg:generic/node@${process.versions.node}`),
  ...wheelsIn('libtensorflow.sha256')
    .filter(({ hash }) => hash === wheelHash)
    .map((wheel) =>
      wheelComponent(wheel, 'Its C libraries, without symbols; the hash is of the wheel.'),
    ),
  component('library', 'tensorgate.node', version, `pkg:generic/tensorgate.node@${version}`, {
    hashes: hashes(sha256(addon)),
  }),
  ...(existsSync(join(libtensorflow, 'nvidia')) ? cudaComponents() : []),
  ...(existsSync(join(serverFolder, 'ops'))
    ? wheelsIn('ops.sha256').map((wheel) => wheelComponent(wheel, 'Its op libraries.'))
    : []),
  ...(existsSync(join(serverFolder, 'openvino'))
    ? wheelsIn('openvino.sha256').map((wheel) =>
        wheelComponent(wheel, 'Its C library and plugins.'),
      )
    : []),
);
console.log(JSON.stringify(sbom, null, 2));

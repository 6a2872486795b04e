/** What is taken out of each wheel, and where it goes. */
import { basename, join } from 'node:path';
import { Zip } from './zip.mjs';

/** @typedef {(wheel: Zip, ...args: string[]) => Promise<[name: string, to: string][]>} Contents */

/** The two libraries, the notices of what is in them, and the C API's headers with all that they include. @type {Contents} */
async function libtensorflow(wheel) {
  /** @type {[string, string][]} */
  const files = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'].map((library) => [
    `tensorflow/${library}`,
    `lib/${library}`,
  ]);
  files.push(['tensorflow/THIRD_PARTY_NOTICES.txt', 'licenses/THIRD_PARTY_NOTICES.txt']);
  const headers = ['tensorflow/c/c_api.h', 'tensorflow/c/c_api_experimental.h'];
  for (const header of headers) {
    files.push([`tensorflow/include/${header}`, `include/${header}`]);
    const source = await wheel.text(`tensorflow/include/${header}`);
    for (const [, included = ''] of source.matchAll(/#\s*include\s+"([^"]+)"/g)) {
      if (!headers.includes(included)) headers.push(included); // the loop comes to it
    }
  }
  return files;
}

const OPENVINO =
  /^openvino\/libs\/lib(openvino|openvino_c|openvino_(intel|arm)_cpu_plugin|tbb|tbbmalloc|openvino_(ir|onnx|tensorflow|tensorflow_lite)_frontend)\.so(\.\d+)*$/;
const OPENVINO_NOTICES =
  /^openvino-[^/]*\.dist-info\/licenses\/(LICENSE|\S*third-party-programs.txt)$/;

/**
 * The libraries that a CPU needs, and the notices of what they contain. Without tbbbind, TBB leaves threads
 * where the kernel puts them, which is what we want of it. @type {Contents}
 */
async function openvino(wheel) {
  const libraries = wheel.names.filter((name) => OPENVINO.test(name));
  if (!libraries.some((name) => basename(name).startsWith('libopenvino_c.so'))) {
    throw new Error('no openvino/libs/libopenvino_c.so in the wheel');
  }
  const notices = wheel.names.filter((name) => OPENVINO_NOTICES.test(name));
  return [...libraries.map(into('lib')), ...notices.map(into('licenses'))];
}

/** The op libraries below a folder of the wheel. @type {Contents} */
async function ops(wheel, folder) {
  const libraries = wheel.names.filter((name) => name.startsWith(folder) && name.endsWith('.so'));
  if (libraries.length === 0) throw new Error(`no .so below ${folder} in the wheel`);
  return libraries.map(into('.'));
}

/** CUDA's, where libtensorflow looks for them. @type {Contents} */
async function cuda(wheel) {
  return wheel.names
    .filter((name) => name.startsWith('nvidia/') && !name.endsWith('/'))
    .map((name) => [name, name]);
}

/** @param {string} folder @returns {(name: string) => [string, string]} */
function into(folder) {
  return (name) => [name, join(folder, basename(name))];
}

/** @type {Record<string, Contents>} */
const CONTENTS = { libtensorflow, openvino, ops, cuda };

/** @param {string} kind @param {string} path @param {string} out folder @param {...string} args */
export async function unpack(kind, path, out, ...args) {
  const wheel = await Zip.open(path);
  for (const [name, to] of await CONTENTS[kind](wheel, ...args)) {
    const path = join(out, to);
    if (!path.startsWith(join(out, '/'))) throw new Error(`${name} would leave ${out}`);
    await wheel.extract(name, path);
  }
}

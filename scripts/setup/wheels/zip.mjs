/** Takes files out of a zip archive, which a wheel is, one at a time and in pieces: some have a gigabyte. */
import { createReadStream, createWriteStream, mkdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { createInflateRaw } from 'node:zlib';

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const END_BYTES = 22;
const MAX_COMMENT = 0xffff;
/** In the place of a number that needs 64 bits. */
const ZIP64 = 0xffffffff;
const [STORED, DEFLATED] = [0, 8];

/** @typedef {{name: string, method: number, packed: number, size: number, at: number}} Entry */

export class Zip {
  /** @type {string} */
  #path;
  /** @type {Map<string, Entry>} */
  #entries;

  /** @param {string} path @param {Map<string, Entry>} entries */
  constructor(path, entries) {
    this.#path = path;
    this.#entries = entries;
  }

  /** @param {string} path @returns {Promise<Zip>} @throws Error where it is no archive that can be read */
  static async open(path) {
    const file = await open(path);
    try {
      const { size } = await file.stat();
      const tail = await bytesOf(file, Math.max(0, size - END_BYTES - MAX_COMMENT), size);
      const end = tail.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
      if (end < 0 || tail.readUInt32LE(end) !== END) throw new Error(`${path} is no zip archive`);
      const length = tail.readUInt32LE(end + 12);
      const at = tail.readUInt32LE(end + 16);
      if (at === ZIP64) throw new Error(`${path} is a zip64 archive, which is not read`);
      return new Zip(path, entriesOf(await bytesOf(file, at, at + length)));
    } finally {
      await file.close();
    }
  }

  get names() {
    return [...this.#entries.keys()];
  }

  /** @param {string} name @param {string} to path of the file to make, its folders included */
  async extract(name, to) {
    mkdirSync(dirname(to), { recursive: true });
    const { size } = this.#entry(name);
    const out = createWriteStream(to);
    await pipeline(await this.#stream(name), out);
    if (out.bytesWritten !== size) {
      throw new Error(`${name} has ${out.bytesWritten} bytes, where ${this.#path} says ${size}`);
    }
  }

  /** @param {string} name @returns {Promise<string>} */
  async text(name) {
    return (await buffer(await this.#stream(name))).toString('utf8');
  }

  /** @param {string} name */
  #entry(name) {
    const entry = this.#entries.get(name);
    if (!entry) throw new Error(`no ${name} in the wheel`);
    return entry;
  }

  /** @param {string} name @returns {Promise<import('node:stream').Readable>} */
  async #stream(name) {
    const { method, packed, at } = this.#entry(name);
    const file = await open(this.#path);
    const head = await bytesOf(file, at, at + 30).finally(() => file.close());
    // The file's own header repeats its name and has other extra fields.
    const start = at + 30 + head.readUInt16LE(26) + head.readUInt16LE(28);
    if (packed === 0) return Readable.from([]); // a stream of a file has one byte at least
    const bytes = createReadStream(this.#path, { start, end: start + packed - 1 });
    if (method === STORED) return bytes;
    if (method !== DEFLATED)
      throw new Error(`${name} is packed by method ${method}, which is not read`);
    const inflate = createInflateRaw();
    bytes.on('error', (error) => inflate.destroy(error)).pipe(inflate);
    return inflate;
  }
}

/** @param {Buffer} directory @returns {Map<string, Entry>} */
function entriesOf(directory) {
  const entries = new Map();
  for (let at = 0; at + 46 <= directory.length && directory.readUInt32LE(at) === ENTRY;) {
    const [nameBytes, extra, comment] = [28, 30, 32].map((each) =>
      directory.readUInt16LE(at + each),
    );
    const name = directory.toString('utf8', at + 46, at + 46 + nameBytes);
    entries.set(name, {
      name,
      method: directory.readUInt16LE(at + 10),
      packed: directory.readUInt32LE(at + 20),
      size: directory.readUInt32LE(at + 24),
      at: directory.readUInt32LE(at + 42),
    });
    at += 46 + nameBytes + extra + comment;
  }
  return entries;
}

/** @param {import('node:fs/promises').FileHandle} file @param {number} from @param {number} to */
async function bytesOf(file, from, to) {
  const bytes = Buffer.alloc(to - from);
  const { bytesRead } = await file.read(bytes, 0, bytes.length, from);
  return bytes.subarray(0, bytesRead);
}

/** TFRecord files of PredictionLogs, as a warm-up file is one; the checksum is computed bit by bit. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { loadProtos } from '../../src/protos/protos.js';

const root = loadProtos(['tensorflow_serving/apis/prediction_log.proto']);

function maskedCrc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; ++bit) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  crc = ~crc >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

export function record(data: Uint8Array): Buffer {
  const header = Buffer.alloc(12);
  header.writeBigUInt64LE(BigInt(data.length));
  header.writeUInt32LE(maskedCrc32c(header.subarray(0, 8)), 8);
  const footer = Buffer.alloc(4);
  footer.writeUInt32LE(maskedCrc32c(data));
  return Buffer.concat([header, data, footer]);
}

/** The data of each record of a file, whose checksums are right. */
export function recordsOf(file: Buffer): Buffer[] {
  const records: Buffer[] = [];
  for (let at = 0; at < file.length;) {
    const length = Number(file.readBigUInt64LE(at));
    const end = at + 12 + length;
    assert.equal(file.readUInt32LE(at + 8), maskedCrc32c(file.subarray(at, at + 8)));
    assert.equal(file.readUInt32LE(end), maskedCrc32c(file.subarray(at + 12, end)));
    records.push(file.subarray(at + 12, end));
    at = end + 4;
  }
  return records;
}

/** The PredictionLogs of a file, in the form of GrpcClient's messages. */
export function logsOf(file: Buffer): Record<string, unknown>[] {
  const type = root.lookupType('tensorflow.serving.PredictionLog');
  return recordsOf(file).map((data) =>
    type.toObject(type.decode(data), { longs: String, enums: String }),
  );
}

/** One record with a PredictionLog, given as the object that protobufjs makes it of. */
export function logRecord(log: object): Buffer {
  const type = root.lookupType('tensorflow.serving.PredictionLog');
  return record(type.encode(type.fromObject(log)).finish());
}

/** Puts the bytes where a version's warm-up file is looked for; answers with its path. */
export function writeWarmupFile(versionFolder: string, bytes: Uint8Array): string {
  const folder = join(versionFolder, 'assets.extra');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'tf_serving_warmup_requests');
  writeFileSync(path, bytes);
  return path;
}

/**
 * Compressed messages, inflated off the event loop: within the limit of a message, and within the budget of
 * all requests before memory is taken.
 */
import { createInflate, gunzip } from 'node:zlib';

import { Share, type Held, type MemoryBudget } from '../listening/buffer-budget.js';
import { ServingError, StatusCode } from '../status/serving-error.js';

/** OWNERSHIP: the caller releases what is held, once it is done with the message. */
export type OnInflated = (failure: ServingError | null, plain: Buffer, held: Held | null) => void;

export interface InflateLimits {
  /** Of a message, in bytes. */
  readonly most: number;
  readonly budget: MemoryBudget;
}

const EMPTY = Buffer.alloc(0);
const SMALLEST_CHUNK = 64;
const LEAST_DEFLATE_CHUNK = 16 << 10;
const MOST_DEFLATE_CHUNK = 1 << 20;
/** Header, an empty block and trailer. */
const SMALLEST_GZIP = 20;
/** The length of what a gzip member holds; the last four bytes. */
const TRAILER_BYTES = 4;
/** Deflate cannot do better. */
const MAX_RATIO = 1032;

/**
 * `encoding` as the client named it; empty: it did not. OWNERSHIP: `message` must stay as it is until `done`,
 * which may be called at once. ERRORS, with gRPC's texts: INTERNAL for what cannot be inflated, UNIMPLEMENTED
 * for another encoding, RESOURCE_EXHAUSTED for what becomes too large or finds no room.
 */
export function inflateMessage(
  encoding: string,
  message: Buffer,
  limits: InflateLimits,
  done: OnInflated,
): void {
  if (encoding === 'gzip') inflateGzip(message, limits, done);
  else if (encoding === 'deflate') inflateDeflate(message, limits, done);
  else if (encoding === '') {
    fail(done, StatusCode.INTERNAL, 'Received a compressed message without grpc-encoding');
  } else {
    const text = `Received message compressed with unsupported encoding "${encoding}"`;
    fail(done, StatusCode.UNIMPLEMENTED, text);
  }
}

/** The trailer says how much it becomes; one that lies is no gzip, and neither is a second member to gRPC. */
function inflateGzip(message: Buffer, { most, budget }: InflateLimits, done: OnInflated): void {
  const size = message.length < SMALLEST_GZIP ? Infinity : declaredSize(message);
  if (size > message.length * MAX_RATIO) return malformed(done);
  if (size > most) return tooLarge(most, done);
  const held = new Share(budget);
  const reserved = size + 1; // with a byte to spare, zlib does not ask for a second chunk
  if (!held.take(reserved)) return noRoom(done);
  const options = {
    maxOutputLength: Math.max(1, size),
    chunkSize: Math.max(SMALLEST_CHUNK, reserved),
  };
  gunzip(message, options, (error, plain) => {
    if (error === null && plain.length === size) return done(null, plain, held);
    held.release();
    malformed(done);
  });
}

function declaredSize(message: Buffer): number {
  return message.readUInt32LE(message.length - TRAILER_BYTES);
}

/** Nothing says how much it becomes: memory is asked for as it comes. */
function inflateDeflate(message: Buffer, { most, budget }: InflateLimits, done: OnInflated): void {
  const held = new Share(budget);
  const chunks: Buffer[] = [];
  let size = 0;
  const chunkSize = Math.min(Math.max(message.length, LEAST_DEFLATE_CHUNK), MOST_DEFLATE_CHUNK);
  const inflate = createInflate({ chunkSize });
  const stop = (refuse: (done: OnInflated) => void): void => {
    inflate.destroy();
    chunks.length = 0;
    held.release();
    refuse(done);
  };
  inflate.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > most) stop((refused) => tooLarge(most, refused));
    else if (!held.take(chunk.length)) stop(noRoom);
    else chunks.push(chunk);
  });
  inflate.on('error', () => stop(malformed));
  inflate.on('end', () => {
    if (chunks.length === 1) return done(null, chunks[0] ?? EMPTY, held);
    if (!held.take(size)) return stop(noRoom);
    const plain = Buffer.concat(chunks, size);
    chunks.length = 0;
    held.give(size);
    done(null, plain, held);
  });
  inflate.end(message);
}

function tooLarge(most: number, done: OnInflated): void {
  const text = `Received message that decompresses to a size larger than ${most}`;
  fail(done, StatusCode.RESOURCE_EXHAUSTED, text);
}

function malformed(done: OnInflated): void {
  fail(done, StatusCode.INTERNAL, 'Failed to decompress message');
}

/** As binding/grpc/call.cc has it. */
export function noMemory(): ServingError {
  return new ServingError(
    StatusCode.RESOURCE_EXHAUSTED,
    'The requests that are being received take all the memory they may',
  );
}

function noRoom(done: OnInflated): void {
  done(noMemory(), EMPTY, null);
}

function fail(done: OnInflated, code: StatusCode, text: string): void {
  done(new ServingError(code, text), EMPTY, null);
}

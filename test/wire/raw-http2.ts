/** HTTP/2 frame by frame, as no client would send it. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export const Frame = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;
export const END_STREAM = 1;
export const ACK = 1;
export const END_HEADERS = 4;
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const HEAD_BYTES = 9;

export interface ReceivedFrame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** HPACK in its plainest form: every field in full. Texts of up to 126 bytes. */
export function headerBlock(fields: Readonly<Record<string, string>>): Buffer {
  return Buffer.concat(
    Object.entries(fields).flatMap(([name, value]) => [
      Buffer.from([0, name.length]),
      Buffer.from(name),
      Buffer.from([value.length]),
      Buffer.from(value),
    ]),
  );
}

/** The header fields of a gRPC call. */
export function grpcHeaders(path: string, more: Readonly<Record<string, string>> = {}): Buffer {
  return headerBlock({
    ':method': 'POST',
    ':scheme': 'http',
    ':authority': 'test',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...more,
  });
}

export class RawHttp2 {
  readonly frames: ReceivedFrame[] = [];
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  #rest = Buffer.alloc(0);
  #onFrame: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => undefined); // the server may reset what it does not read
    socket.on('data', (bytes) => this.#read(bytes));
    this.closed = new Promise((resolve) => {
      socket.on('close', () => resolve());
    });
  }

  /** Says hello as a client does, unless `preface` is other bytes. */
  static async open(
    port: number,
    preface: Uint8Array = Buffer.concat([Buffer.from(PREFACE), frame(Frame.settings, 0, 0)]),
  ): Promise<RawHttp2> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const client = new RawHttp2(socket);
    socket.write(preface);
    return client;
  }

  send(...frames: readonly Uint8Array[]): void {
    this.#socket.write(Buffer.concat(frames));
  }

  /** Sends again and again, until the server has closed the connection or `most` times. */
  async flood(bytes: Uint8Array, most: number): Promise<void> {
    for (let i = 0; i < most && !this.#socket.destroyed && this.#socket.writable; ++i) {
      if (this.#socket.write(bytes)) continue;
      await Promise.race([once(this.#socket, 'drain').catch(() => undefined), this.closed]);
    }
  }

  /** Stops reading, so that what the server sends stays with it. */
  pause(): void {
    this.#socket.pause();
  }

  /** The first frame of the kind, when it is there; rejects when the connection ends before. */
  async received(type: number): Promise<ReceivedFrame> {
    for (;;) {
      const found = this.frames.find((each) => each.type === type);
      if (found !== undefined) return found;
      const next = new Promise<boolean>((resolve) => {
        this.#onFrame = () => resolve(true);
      });
      const more = await Promise.race([next, this.closed.then(() => false)]);
      if (!more && !this.frames.some((each) => each.type === type)) {
        throw new Error(`the connection ended without a frame of type ${type}`);
      }
    }
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #read(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    while (this.#rest.length >= HEAD_BYTES) {
      const length = this.#rest.readUIntBE(0, 3);
      if (this.#rest.length < HEAD_BYTES + length) return;
      this.frames.push({
        type: this.#rest.readUInt8(3),
        flags: this.#rest.readUInt8(4),
        stream: this.#rest.readUInt32BE(5),
        payload: this.#rest.subarray(HEAD_BYTES, HEAD_BYTES + length),
      });
      this.#rest = this.#rest.subarray(HEAD_BYTES + length);
      this.#onFrame();
    }
  }
}

/** HTTP by hand over a socket: for what well-behaved clients never send. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  /** Status line and headers. */
  readonly head: string;
  readonly body: Buffer;
}

export class RawClient {
  readonly socket: Socket;
  /** Resolves when the connection is gone, whoever closed it. */
  readonly closed: Promise<void>;
  #received = Buffer.alloc(0);
  #isClosed = false;
  #wake: (() => void) | null = null;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (piece) => {
      this.#received = Buffer.concat([this.#received, piece]);
      this.#wake?.();
    });
    socket.on('error', () => undefined); // a reset; `close` follows
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#isClosed = true;
        this.#wake?.();
        resolve();
      });
    });
  }

  static async open(port: number): Promise<RawClient> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Resolves when the system has taken it. */
  write(bytes: string | Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes, () => {
        resolve();
      });
    });
  }

  /** The next answer; rejects when the connection closes before it is complete. */
  async answer(): Promise<RawAnswer> {
    for (;;) {
      const end = this.#received.indexOf('\r\n\r\n');
      if (end >= 0) {
        const head = this.#received.toString('latin1', 0, end);
        const start = end + 4;
        const declared = /\r\nContent-Length: (\d+)/i.exec(head)?.[1];
        // Pages of uWebSockets itself have no length and end with the connection.
        const length = Number(declared ?? (/\r\nConnection: close/.test(head) ? Infinity : 0));
        const complete = this.#received.length - start >= length;
        if (complete || (length === Infinity && this.#isClosed)) {
          const body = this.#received.subarray(start, complete ? start + length : undefined);
          this.#received = this.#received.subarray(start + body.length);
          return { status: Number(head.split(' ')[1]), head, body };
        }
      }
      if (this.#isClosed) {
        throw new Error(`closed after ${JSON.stringify(this.#received.toString('latin1'))}`);
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Whether anything came that no answer() took. */
  get hasMore(): boolean {
    return this.#received.length > 0;
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** One request on a connection of its own. */
export async function askRaw(port: number, bytes: string | Uint8Array): Promise<RawAnswer> {
  const client = await RawClient.open(port);
  try {
    void client.write(bytes);
    return await client.answer();
  } finally {
    client.destroy();
  }
}

/** The head of a POST of so many bytes. */
export function postHead(path: string, length: number, ...headers: string[]): string {
  const more = headers.map((header) => `${header}\r\n`).join('');
  return `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n${more}\r\n`;
}

/** OpenStreams: the streaming calls that only their client would end, so that a server can drain. */
import type * as grpc from '@grpc/grpc-js';

type Stream<T> = grpc.ServerWritableStream<unknown, T> | grpc.ServerDuplexStream<unknown, T>;

export class OpenStreams<T> {
  readonly #open = new Set<Stream<T>>();

  add(stream: Stream<T>): void {
    this.#open.add(stream);
    const forget = (): void => {
      this.#open.delete(stream);
    };
    stream.on('cancelled', forget);
    stream.on('finish', forget);
    stream.on('close', forget);
    stream.on('error', forget);
  }

  /** Ends each one with status OK, after `last` where given. */
  endAll(last?: T): void {
    for (const stream of this.#open) {
      if (last !== undefined) stream.write(last);
      stream.end();
    }
    this.#open.clear();
  }
}

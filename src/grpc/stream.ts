/** A streaming call, whatever carries it. */
import type { ServingError } from '../status/serving-error.js';

export interface MessageStream {
  /** Nothing is sent once the call is over. */
  write(message: Uint8Array): void;
  /** Ends the call, with OK where no error is given. */
  end(error?: ServingError): void;
  /** Called once, when the call is over, whoever ended it. */
  onOver(callback: () => void): void;
}

/** What the client's side of it does. */
export interface StreamHandler {
  /** @throws Error for what is no message of the method's type */
  message(bytes: Uint8Array): void;
  halfClose(): void;
}

/** The streaming calls that only their client would end, so that a server can drain. */
export class OpenStreams {
  readonly #open = new Set<MessageStream>();

  add(stream: MessageStream, onOver?: () => void): void {
    this.#open.add(stream);
    stream.onOver(() => {
      this.#open.delete(stream);
      onOver?.();
    });
  }

  /** Ends each one with status OK. */
  endAll(): void {
    for (const stream of [...this.#open]) stream.end();
    this.#open.clear();
  }
}

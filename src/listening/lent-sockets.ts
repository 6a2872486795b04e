/**
 * LentSockets: connections whose bytes JavaScript carries to and from a native transport: those of Node's
 * TLS, and those of a port that several protocols share.
 */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

import { identityOf } from '../access/credentials.js';
import { addon } from '../native/addon.js';
import {
  SocketEventKind,
  type NativeSocketEvent,
  type NativeTransport,
} from '../native/transport.js';

/** A client over IPv4 on a socket that takes both. */
const IPV4_MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/;

export class LentSockets {
  readonly #transport: NativeTransport;
  readonly #sockets = new Map<number, Socket>();
  #lastId = 0;

  constructor(transport: NativeTransport) {
    this.#transport = transport;
  }

  /** `head`: what was read of it already. */
  lend(socket: Socket, head: Buffer | null = null): void {
    const id = ++this.#lastId;
    socket.allowHalfOpen = true; // as in cleartext: the addon says when it ends
    this.#sockets.set(id, socket);
    addon().transportLend(this.#transport, id, peerOf(socket));
    if (socket instanceof TLSSocket && socket.authorized) {
      const { subjectaltname } = socket.getPeerCertificate();
      addon().transportIdentify(this.#transport, id, identityOf(subjectaltname));
    }
    const receive = (bytes: Buffer): void => {
      if (this.#sockets.has(id)) addon().transportReceive(this.#transport, id, bytes);
    };
    if (head !== null) receive(head);
    socket.on('data', receive);
    const takeBack = (): void => {
      if (this.#sockets.delete(id)) addon().transportTakeBack(this.#transport, id);
    };
    socket.on('error', takeBack);
    socket.on('end', () => {
      if (this.#sockets.has(id)) addon().transportEnd(this.#transport, id);
    });
    socket.on('close', takeBack);
  }

  /** REQUIRES: an event about a socket. */
  take([kind, id, bytes]: NativeSocketEvent): void {
    const socket = this.#sockets.get(id);
    switch (kind) {
      case SocketEventKind.lentOutput:
        socket?.write(bytes as Buffer, (error) => {
          if (!error && this.#sockets.has(id)) addon().transportWritten(this.#transport, id);
        });
        break;
      case SocketEventKind.lentPause:
        socket?.pause();
        break;
      case SocketEventKind.lentResume:
        socket?.resume();
        break;
      case SocketEventKind.lentShutDown:
        socket?.end();
        break;
      case SocketEventKind.lentClose: // what was written before goes out
        this.#sockets.delete(id);
        socket?.end(() => socket.destroy());
        break;
      case SocketEventKind.closed:
    }
  }
}

/** As Socket::Peer() of binding/net/socket.h. */
function peerOf({ remoteAddress = '', remotePort = 0 }: Socket): string {
  if (remoteAddress === '') return '';
  const address = remoteAddress.replace(IPV4_MAPPED, '$1');
  return `${address.includes(':') ? `[${address}]` : address}:${remotePort}`;
}

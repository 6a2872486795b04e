/**
 * AdminSurface: what is for operators, on a port of its own (--admin_port) with credentials of its own: the
 * admin API, reloads, SessionRun, profiles and metrics, over gRPC and REST. What is there is not on the public ports.
 */
import { AccessControl } from './access/access-control.js';
import { NativeAuthenticator } from './access/authenticator.js';
import { NativeGrpcServer } from './grpc/native-server.js';
import { Listeners, type ListenersOptions } from './listeners.js';
import { addressesOf, addressTexts } from './listening/addresses.js';
import type { Log } from './log/log.js';
import { AccessSurface } from './native/access.js';
import { NativeRestServer } from './rest/native/server.js';
import { adminSurface } from './service/surface.js';
import { ServingError, StatusCode } from './status/serving-error.js';

export class AdminSurface {
  readonly listeners: Listeners;
  readonly #access: AccessControl | null;

  private constructor(listeners: Listeners, access: AccessControl | null) {
    this.listeners = listeners;
    this.#access = access;
  }

  /** `options`: those of the public listeners, with all that is to be served. @throws ServingError */
  static async start(options: ListenersOptions, log: Log): Promise<AdminSurface> {
    const { flags, ssl } = options;
    const missing = NativeGrpcServer.missing() ?? NativeRestServer.missing();
    if (missing !== null) {
      const message = `--admin_port: Node has no ${missing}, which it needs`;
      throw new ServingError(StatusCode.UNIMPLEMENTED, message);
    }
    const { admin_host: host, admin_port: port, admin_auth_config_file: authConfigFile } = flags;
    const surface = AccessSurface.admin;
    const flag = 'admin_auth_config_file';
    const access =
      authConfigFile === ''
        ? null
        : new AccessControl({ surface, flag, authConfigFile, maxConcurrentRequests: 0, log });
    await access?.start();
    const listeners = new Listeners({
      ...options,
      surface: adminSurface(flags),
      authenticator:
        access === null
          ? options.authenticator
          : new NativeAuthenticator(surface, (token) => access.verify(token)),
      // Each request is looked at in JavaScript: no route is known.
      watchRoutes: () => undefined,
    });
    try {
      const addresses = await addressesOf('admin_host', host, port);
      await listeners.startBoth(addresses);
      const how = ssl === null ? '' : ' over TLS';
      log.info(`admin surface at ${addressTexts(addresses)}${how}, gRPC and REST`);
    } catch (error) {
      access?.stop();
      throw error;
    }
    return new AdminSurface(listeners, access);
  }

  close(): Promise<void> {
    this.#access?.stop();
    return this.listeners.close();
  }

  destroy(): void {
    this.listeners.destroy();
  }
}

/**
 * AdminEndpoint: AdminService over REST, messages as proto3 JSON. Nothing here is for browsers: a page
 * of another site could otherwise make the browser of someone inside change what is served.
 */
import type protobuf from 'protobufjs';

import { AccessMethod, EVERY_MODEL } from '../access/caller.js';
import { REQUEST_ID_KEY, requestIdOf } from '../log/request-id.js';
import { protoJsonReader } from '../protos/extensions.js';
import type { AdminApi, AdminMethod } from '../service/admin-api.js';
import { onBehalfOf } from '../service/caller.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import { adminRoute, type AdminRoute } from './admin-routes.js';
import type { Deadlines } from './deadlines.js';
import type { Exchange } from './exchange.js';
import type { BodyLimits, HttpRequest } from './http.js';
import { protoJson } from './proto-json.js';

const LIMITS: BodyLimits = { maxBytes: 1 << 20, borrowBytes: 1 << 20 };
export const ADMIN_PREFIX = '/admin/';

export class AdminEndpoint {
  readonly #admin: AdminApi;
  readonly #deadlines: Deadlines;

  /** The deadlines hold for the body alone: a change takes as long as its models take to load. */
  constructor(admin: AdminApi, deadlines: Deadlines) {
    this.#admin = admin;
    this.#deadlines = deadlines;
  }

  takes(path: string): boolean {
    return path.startsWith(ADMIN_PREFIX);
  }

  /** REQUIRES: a path it takes. */
  answer(exchange: Exchange, request: HttpRequest): void {
    exchange.requestId = requestIdOf(request.header(REQUEST_ID_KEY));
    const route = adminRoute(request.method, request.target);
    const rpc = route === null ? undefined : this.#admin.methods.get(route.rpc);
    if (route === null || rpc === undefined) {
      exchange.page('404 Not Found');
      return;
    }
    if (request.header('origin') !== '') {
      const message = 'The admin API takes no requests from web pages (header Origin).';
      exchange.fail(new ServingError(StatusCode.PERMISSION_DENIED, message));
      return;
    }
    if (!route.hasBody) {
      this.#call(exchange, rpc, route, null);
      return;
    }
    this.#deadlines.add(exchange);
    const declaredLength = Number(request.header('content-length')) || 0;
    exchange.receive(LIMITS, declaredLength, (body, held) => {
      this.#deadlines.remove(exchange);
      const text = new TextDecoder().decode(body);
      held?.release();
      this.#call(exchange, rpc, route, text);
    });
  }

  #call(exchange: Exchange, rpc: AdminMethod, route: AdminRoute, body: string | null): void {
    const called = onBehalfOf(
      0,
      () => exchange.over,
      async (signal) => {
        (await exchange.caller).admit(AccessMethod.admin, EVERY_MODEL).release();
        return rpc.call(requestOf(rpc.request, route, body), signal);
      },
    );
    called.then(
      (reply) => exchange.json(protoJson(rpc.response, reply)),
      (error: unknown) => exchange.fail(ServingError.from(error)),
    );
  }
}

/** @throws ServingError INVALID_ARGUMENT with what is wrong about the body */
function requestOf(type: protobuf.Type, route: AdminRoute, body: string | null): protobuf.Message {
  try {
    const message = route.message(body === null ? null : JSON.parse(body));
    return protoJsonReader().fromJson(type, message);
  } catch (cause) {
    if (cause instanceof ServingError) throw cause;
    const message = `The body makes no ${type.name}: ${(cause as Error).message}`;
    throw new ServingError(StatusCode.INVALID_ARGUMENT, message, [], { cause });
  }
}

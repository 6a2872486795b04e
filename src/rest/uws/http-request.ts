/** The head of a request as uWebSockets has it. */
import type { HttpRequest as UwsRequest } from 'uWebSockets.js';

import type { HttpRequest } from '../http.js';

/** Valid as long as uWebSockets' own is: until its handler returns. */
export class UwsHttpRequest implements HttpRequest {
  readonly method: string;
  readonly target: string;
  readonly path: string;
  /** uWebSockets does not show whose certificate it is. */
  readonly identity = '';
  readonly isTraced = null;
  readonly #request: UwsRequest;

  constructor(request: UwsRequest) {
    this.#request = request;
    this.method = request.getCaseSensitiveMethod();
    this.path = request.getUrl();
    const query = request.getQuery() as string | undefined; // undefined without a `?`, whatever its types say
    this.target = query === undefined ? this.path : `${this.path}?${query}`;
  }

  header(name: string): string {
    return this.#request.getHeader(name);
  }
}

/** The head of a request as the addon has it. */
import type { NativeHttpEvent } from '../../native/http.js';
import type { HttpRequest } from '../http.js';

/** Valid as long as it is kept. */
export class NativeHttpRequest implements HttpRequest {
  readonly method: string;
  readonly target: string;
  readonly path: string;
  readonly identity: string;
  readonly isTraced: boolean;
  /** `\nname:value` for each field, and a line end. */
  readonly #fields: string;

  constructor([, , method, target, fields, , , , , identity, isTraced]: NativeHttpEvent) {
    this.identity = identity;
    this.isTraced = isTraced === 1;
    this.method = method;
    this.target = target;
    const query = target.indexOf('?');
    this.path = query < 0 ? target : target.slice(0, query);
    this.#fields = `\n${fields}`;
  }

  header(name: string): string {
    const line = this.#fields.indexOf(`\n${name}:`);
    if (line < 0) return '';
    const start = line + name.length + 2;
    return this.#fields.slice(start, this.#fields.indexOf('\n', start));
  }
}

/** ProcessMetrics: event loop, heap, garbage collection and memory of this process, by prom-client. */
import { collectDefaultMetrics, Registry } from 'prom-client';

export class ProcessMetrics {
  readonly #registry = new Registry();

  /** Begins to observe. */
  constructor() {
    collectDefaultMetrics({ register: this.#registry });
  }

  /** Prometheus text that ends in a line feed. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }
}

/** Events of the addon's transports, which come one after the other in a flat array. */

/** One bug must not keep the other events from being taken: what `take` throws is thrown after them. */
export function takeEach<Event extends readonly unknown[]>(
  events: readonly unknown[],
  length: number,
  take: (event: Event) => void,
): void {
  for (let i = 0; i < events.length; i += length) {
    try {
      take(events.slice(i, i + length) as unknown as Event);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}

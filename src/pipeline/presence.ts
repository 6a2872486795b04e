/**
 * Presence: under which conditions a tensor is there, as the set of those that must all hold: empty is always.
 * What cannot be said that way gets a condition of its own, so that presence is never overstated. Pure.
 */

export type Presence = ReadonlySet<string>;

export const ALWAYS: Presence = new Set();

/** Where all of them are. */
export function allOf(presences: Iterable<Presence>): Presence {
  return new Set([...presences].flatMap((each) => [...each]));
}

/** The condition that `source` is true, or false. */
export function literal(source: string, wanted: boolean): string {
  return (wanted ? '+' : '-') + source;
}

/** Where one of two is; `unknown` is the condition to use where that is no set of conditions. */
export function eitherOf(a: Presence, b: Presence, unknown: string): Presence {
  if (isWithin(a, b)) return a;
  if (isWithin(b, a)) return b;
  for (const each of a) {
    const opposite = (each.startsWith('+') ? '-' : '+') + each.slice(1);
    const [restOfA, restOfB] = [without(a, each), without(b, opposite)];
    const areOpposite = b.has(opposite) && restOfA.size === restOfB.size;
    if (areOpposite && isWithin(restOfA, restOfB)) return restOfA;
  }
  return new Set([`?${unknown}`]);
}

function isWithin(a: Presence, b: Presence): boolean {
  return [...a].every((each) => b.has(each));
}

function without(all: Presence, one: string): Presence {
  return new Set([...all].filter((each) => each !== one));
}

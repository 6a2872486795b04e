/**
 * What plugins have beside platforms, by the names that a model's configuration has for them. Who starts a server, or
 * checks a configuration, adds them before any is read.
 */
export type PluginPart = 'hooks';

const names: { readonly [P in PluginPart]: Set<string> } = { hooks: new Set() };

export function addPluginNames(part: PluginPart, added: Iterable<string>): void {
  for (const name of added) names[part].add(name);
}

export function isPluginName(part: PluginPart, name: string): boolean {
  return names[part].has(name);
}

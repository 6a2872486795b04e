/**
 * What plugins have beside platforms, by the names that a model's configuration has for them. Who starts a server, or
 * checks a configuration, adds them before any is read.
 */
import { knowsAllNames } from './platform-names.js';

export type PluginPart = 'hooks' | 'sources' | 'policies';

const names: { readonly [P in PluginPart]: Set<string> } = {
  hooks: new Set(),
  sources: new Set(),
  policies: new Set(),
};
const URI = /^([a-z][a-z0-9+.-]*):\/\//i;

export function addPluginNames(part: PluginPart, added: Iterable<string>): void {
  for (const name of added) names[part].add(name);
}

export function isPluginName(part: PluginPart, name: string): boolean {
  return knowsAllNames() || names[part].has(name);
}

/** The source that a base path is for: the scheme of its URI; null: no plugin's. */
export function sourceOf(basePath: string): string | null {
  const scheme = URI.exec(basePath)?.[1]?.toLowerCase();
  return scheme !== undefined && isPluginName('sources', scheme) ? scheme : null;
}

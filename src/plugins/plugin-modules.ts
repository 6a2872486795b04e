/** The modules of --plugins, imported and looked through. For a plugin thread: whatever they do is done there. */
import { pathToFileURL } from 'node:url';

import type { PluginDescription } from './messages.js';
import type { Hook, Platform, Plugin, Policy, Source } from './plugin.js';

/** What a plugin has by a name, and the plugin's own. */
export interface Named<T> {
  readonly plugin: string;
  readonly value: T;
}

export interface PluginModules {
  readonly descriptions: readonly PluginDescription[];
  readonly platforms: ReadonlyMap<string, Named<Platform>>;
  readonly hooks: ReadonlyMap<string, Named<Hook>>;
  readonly sources: ReadonlyMap<string, Named<Source>>;
  readonly policies: ReadonlyMap<string, Named<Policy>>;
}

/** What Node adds where the module itself is not there. */
const IMPORTED_HERE = / imported from .*plugin-modules\.js$/;

/** What a plugin may have, and the function that each must have. */
const PARTS = {
  platforms: 'load',
  hooks: 'attach',
  sources: 'versions',
  policies: 'choose',
} as const;
type Part = keyof typeof PARTS;
const PART_NAMES = Object.keys(PARTS) as Part[];

const SCHEME = /^[a-z][a-z0-9+.-]*$/;

/** @throws Error `FILE: what is wrong with it` */
export async function importPlugins(files: readonly string[]): Promise<PluginModules> {
  const descriptions: PluginDescription[] = [];
  const all: { readonly [P in Part]: Map<string, Named<never>> } = {
    platforms: new Map(),
    hooks: new Map(),
    sources: new Map(),
    policies: new Map(),
  };
  for (const file of files) {
    try {
      const { default: plugin } = (await import(pathToFileURL(file).href)) as { default?: unknown };
      checkPlugin(plugin);
      const names = (part: Part): string[] => Object.keys(plugin[part] ?? {});
      for (const part of PART_NAMES) {
        for (const name of names(part)) {
          const other = all[part].get(name);
          if (other !== undefined) {
            throw new Error(`${part}: ${name} is one of plugin ${other.plugin}'s already`);
          }
          all[part].set(name, { plugin: plugin.name, value: plugin[part]?.[name] as never });
        }
      }
      const { name } = plugin;
      const [platforms, hooks] = [names('platforms'), names('hooks')];
      const [sources, policies] = [names('sources'), names('policies')];
      descriptions.push({ file, name, platforms, hooks, sources, policies });
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      throw new Error(`${file}: ${reason.replace(IMPORTED_HERE, '')}`, { cause: thrown });
    }
  }
  return { descriptions, ...all };
}

function checkPlugin(plugin: unknown): asserts plugin is Plugin {
  if (typeof plugin !== 'object' || plugin === null) {
    throw new TypeError(`expected a plugin as default export, got ${String(plugin)}`);
  }
  const { name } = plugin as Partial<Plugin>;
  if (typeof name !== 'string' || name === '') {
    throw new TypeError(`name: expected a text that is not empty, got ${String(name)}`);
  }
  let count = 0;
  for (const part of PART_NAMES) {
    const { [part]: values = {} } = plugin as Partial<Record<Part, unknown>>;
    if (typeof values !== 'object' || values === null) {
      throw new TypeError(`${part}: expected an object, got ${String(values)}`);
    }
    for (const [key, value] of Object.entries(values)) {
      ++count;
      if (part === 'sources' && (!SCHEME.test(key) || key === 'file')) {
        const expected = 'expected the scheme of a URI as its name: a to z, 0 to 9, +, . and -';
        throw new TypeError(`sources[${JSON.stringify(key)}]: ${expected}`);
      }
      const method = (Object(value) as Record<string, unknown>)[PARTS[part]];
      if (typeof method === 'function') continue;
      throw new TypeError(`${part}[${JSON.stringify(key)}].${PARTS[part]}: expected a function`);
    }
  }
  if (count === 0) throw new TypeError(`expected ${PART_NAMES.join(' or ')}, got none`);
}

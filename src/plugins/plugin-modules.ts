/** The modules of --plugins, imported and looked through. For a plugin thread: whatever they do is done there. */
import { pathToFileURL } from 'node:url';

import type { PluginDescription } from './messages.js';
import type { Platform, Plugin } from './plugin.js';

export interface NamedPlatform {
  readonly plugin: string;
  readonly platform: Platform;
}

export interface PluginModules {
  readonly descriptions: readonly PluginDescription[];
  /** By the name of the platform. */
  readonly platforms: ReadonlyMap<string, NamedPlatform>;
}

/** What Node adds where the module itself is not there. */
const IMPORTED_HERE = / imported from .*plugin-modules\.js$/;

/** @throws Error `FILE: what is wrong with it` */
export async function importPlugins(files: readonly string[]): Promise<PluginModules> {
  const descriptions: PluginDescription[] = [];
  const platforms = new Map<string, NamedPlatform>();
  for (const file of files) {
    try {
      const { default: plugin } = (await import(pathToFileURL(file).href)) as { default?: unknown };
      checkPlugin(plugin);
      const names = Object.keys(plugin.platforms);
      for (const name of names) {
        const other = platforms.get(name);
        if (other !== undefined) {
          throw new Error(`platform ${name} is one of plugin ${other.plugin} already`);
        }
        platforms.set(name, { plugin: plugin.name, platform: plugin.platforms[name] as Platform });
      }
      descriptions.push({ file, name: plugin.name, platforms: names });
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      throw new Error(`${file}: ${reason.replace(IMPORTED_HERE, '')}`, { cause: thrown });
    }
  }
  return { descriptions, platforms };
}

function checkPlugin(plugin: unknown): asserts plugin is Plugin {
  if (typeof plugin !== 'object' || plugin === null) {
    throw new TypeError(`expected a plugin as default export, got ${String(plugin)}`);
  }
  const { name, platforms } = plugin as Partial<Plugin>;
  if (typeof name !== 'string' || name === '') {
    throw new TypeError(`name: expected a text that is not empty, got ${String(name)}`);
  }
  if (typeof platforms !== 'object' || platforms === null || Object.keys(platforms).length === 0) {
    throw new TypeError(`platforms: expected at least one, got none`);
  }
  for (const [key, platform] of Object.entries(platforms)) {
    const load: unknown = (platform as Partial<Platform> | undefined)?.load;
    if (typeof load === 'function') continue;
    throw new TypeError(`platforms[${JSON.stringify(key)}].load: expected a function`);
  }
}

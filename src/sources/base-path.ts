/** What is wrong with a base path, and what to do about it. Looks at the file system; owns nothing. */
import { readdir, readlink, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { mainFileOf, TENSORFLOW } from '../config/platform-names.js';
import { isSavedModelFile, modelFileIn, MODEL_FILES, unservedFormat } from '../core/model-files.js';
import { errnoOf, fileError } from '../status/file-error.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import { versionOf } from './version-folders.js';

/** What a base path is for. */
const LAYOUT =
  'A base path holds a folder for each version, which holds the model: BASE/1/saved_model.pb';

/** Folders without a version's name that are looked into for one. */
const MAX_LOOKED_INTO = 16;

/** The names in it. @throws ServingError, which says what to do */
export async function readBasePath(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (cause) {
    throw await unreadable(path, cause);
  }
}

/** Why nothing in it is a version; null: it is only empty, or holds other things. */
export function misplacedModel(
  path: string,
  names: readonly string[],
  platform: string,
): ServingError | null {
  const isMain = (name: string): boolean => name === mainFileOf(platform);
  const file =
    names.find(platform === TENSORFLOW ? isSavedModelFile : isMain) ?? modelFile(platform, names);
  if (file !== undefined) {
    const isVersion = versionOf(basename(path)) !== null;
    const advice = isVersion
      ? `give the folder above it, ${dirname(path)}`
      : `move it into a folder whose name is a number, such as ${join(path, '1')}`;
    const isSavedModel = platform === TENSORFLOW && isSavedModelFile(file);
    const what = isSavedModel ? 'a SavedModel' : `a version of a ${platform}`;
    return mistake(`${path} is itself ${what} (it holds ${file}): ${advice}. ${LAYOUT}`);
  }
  if (platform !== TENSORFLOW) return null;
  const foreign = unservedFormat(names);
  return foreign === null ? null : mistake(`${path} holds ${foreign}. ${LAYOUT}`);
}

/** Of TensorFlow's platform: one that is served in place of a SavedModel. */
function modelFile(platform: string, names: readonly string[]): string | undefined {
  const format = platform === TENSORFLOW ? modelFileIn(names, false) : null;
  return format === null ? undefined : MODEL_FILES[format];
}

/** `; /models/m/1 is one: give /models/m`, where models lie a folder deeper than they should; or ''. */
export async function deeperModel(path: string, names: readonly string[]): Promise<string> {
  for (const name of names.slice(0, MAX_LOOKED_INTO)) {
    const folder = join(path, name);
    const inside = await readdir(folder).catch(() => []);
    const version = inside.find((each) => versionOf(each) !== null);
    if (version !== undefined) return `; ${join(folder, version)} is one of base path ${folder}`;
    if (inside.some(isSavedModelFile))
      return `; ${folder} holds a model, but its name is no number`;
  }
  return '';
}

async function unreadable(path: string, cause: unknown): Promise<ServingError> {
  switch (errnoOf(cause)) {
    case 'ENOENT': {
      const link = await brokenLinkIn(path);
      return fileError(path, cause, link === null ? '' : `${link}: `);
    }
    case 'ENOTDIR': {
      const isFile = await stat(path).then(
        (found) => !found.isDirectory(),
        () => false, // it is a folder above it that is a file
      );
      if (!isFile) return fileError(path, cause);
      const foreign = unservedFormat([basename(path)]);
      const what = foreign === null ? 'is a file, not a folder' : `is no folder, but ${foreign}`;
      return mistake(`${path} ${what}. ${LAYOUT}`, cause);
    }
    case 'ELOOP': {
      const { code, message } = fileError(path, cause);
      return new ServingError(code, message, [], { cause, isPermanent: true });
    }
    default:
      return fileError(path, cause);
  }
}

/** `/models/m is a link to /gone`, of the path or a folder above it; null: there is none. */
async function brokenLinkIn(path: string): Promise<string | null> {
  for (let part = path; part !== dirname(part); part = dirname(part)) {
    const target = await readlink(part).catch(() => null);
    const isThere = await stat(part).then(
      () => true,
      () => false,
    );
    if (isThere) return null;
    if (target !== null) return `${part} is a link to ${target}`;
  }
  return null;
}

function mistake(message: string, cause?: unknown): ServingError {
  return new ServingError(StatusCode.FAILED_PRECONDITION, message, [], {
    cause,
    isPermanent: true,
  });
}

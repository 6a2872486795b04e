/** The checks that upstream makes of a version's folder before TensorFlow looks at it, in upstream's words. */
import { readdir, readlink } from 'node:fs/promises';

import {
  isSavedModelFile,
  modelFileIn,
  SESSION_BUNDLE_FILE,
  unservedFormat,
} from '../core/model-files.js';
import { servableIdText, type ServableId } from '../core/servable.js';
import { errnoOf, fileError } from '../status/file-error.js';
import { ServingError, StatusCode } from '../status/serving-error.js';

/** @throws ServingError; permanent where the folder holds something else than a model */
export async function checkVersionFolder(id: ServableId, folder: string): Promise<void> {
  const names = await readdir(folder).catch(async (cause: unknown) => {
    throw await unreadable(id, folder, cause);
  });
  if (names.includes(SESSION_BUNDLE_FILE)) {
    const message = 'Session Bundle is deprecated and removed.';
    throw new ServingError(StatusCode.UNIMPLEMENTED, message, [], { isPermanent: true });
  }
  if (names.some(isSavedModelFile) || modelFileIn(names, false) !== null) return;
  const foreign = unservedFormat(names);
  const why = foreign === null ? '' : `\nIt holds ${foreign}`;
  throw new ServingError(
    StatusCode.NOT_FOUND,
    'Specified file path does not appear to contain a SavedModel bundle (should have a file ' +
      `called \`saved_model.pb\`)\nSpecified file path: ${folder}${why}`,
    [],
    { isPermanent: foreign !== null },
  );
}

/** Upstream meets what it may not read while it adds up the sizes of the files. */
export function unreserved(id: ServableId, { code, message, cause }: ServingError): ServingError {
  const what = `Error while attempting to reserve resources to load servable ${servableIdText(id)}: `;
  return new ServingError(code, what + message, [], { cause });
}

async function unreadable(id: ServableId, folder: string, cause: unknown): Promise<ServingError> {
  const target = errnoOf(cause) === 'ENOENT' ? await readlink(folder).catch(() => null) : null;
  const error =
    target === null
      ? fileError(folder, cause)
      : fileError(target, cause, `${folder} is a link to `);
  return unreserved(id, error);
}

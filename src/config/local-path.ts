/** Where a path or URI leads on this machine, as TensorFlow reads it without further file systems. Pure. */
import { ServingError, StatusCode } from '../status/serving-error.js';

const URI = /^([a-z][a-z0-9+.-]*):\/\/([^/]*)(.*)$/is;

/** `file:///models/m` is `/models/m`; nothing in it is percent-decoded, as upstream. Others are as given. */
export function localPath(pathOrUri: string): string {
  const [, scheme, , path] = URI.exec(pathOrUri) ?? [];
  return scheme?.toLowerCase() === 'file' ? (path as string) : pathOrUri;
}

/** Why there is no local path: a clause about the URI, and what to do; null: there is one. */
export function whyNotLocal(pathOrUri: string): string | null {
  const [, scheme = '', host = '', path = ''] = URI.exec(pathOrUri) ?? [];
  if (scheme === '') return null;
  if (scheme.toLowerCase() !== 'file') {
    // The first half is TensorFlow's text.
    return (
      `File system scheme '${scheme}' not implemented (file: '${pathOrUri}'): ` +
      'copy the files to a local disk or mount them, and give that path'
    );
  }
  if (host !== '' && host !== 'localhost') {
    return `'${pathOrUri}' names the host '${host}': file:///${host}${path} may be meant`;
  }
  return path.startsWith('/') ? null : `'${pathOrUri}' has no path`;
}

/** `localPath`, of a file that is to be read. @throws ServingError UNIMPLEMENTED or INVALID_ARGUMENT */
export function localFile(pathOrUri: string): string {
  const refusal = whyNotLocal(pathOrUri);
  if (refusal === null) return localPath(pathOrUri);
  const code = refusal.startsWith('File system scheme')
    ? StatusCode.UNIMPLEMENTED
    : StatusCode.INVALID_ARGUMENT;
  throw new ServingError(code, refusal);
}

/** What the file system refuses, in upstream's words: canonical code, path, reason. Pure. */
import { ServingError, StatusCode } from './serving-error.js';

/** As TensorFlow maps errno; UNKNOWN for what is not listed. */
const REASONS: Readonly<Record<string, readonly [code: StatusCode, text: string]>> = {
  ENOENT: [StatusCode.NOT_FOUND, 'No such file or directory'],
  ENODEV: [StatusCode.NOT_FOUND, 'No such device'],
  EACCES: [StatusCode.PERMISSION_DENIED, 'Permission denied'],
  EPERM: [StatusCode.PERMISSION_DENIED, 'Operation not permitted'],
  ENOTDIR: [StatusCode.FAILED_PRECONDITION, 'Not a directory'],
  EISDIR: [StatusCode.FAILED_PRECONDITION, 'Is a directory'],
  ELOOP: [StatusCode.FAILED_PRECONDITION, 'Too many levels of symbolic links'],
  ENAMETOOLONG: [StatusCode.INVALID_ARGUMENT, 'File name too long'],
  EINVAL: [StatusCode.INVALID_ARGUMENT, 'Invalid argument'],
  EMFILE: [StatusCode.RESOURCE_EXHAUSTED, 'Too many open files'],
  ENFILE: [StatusCode.RESOURCE_EXHAUSTED, 'Too many open files in system'],
  ENOMEM: [StatusCode.RESOURCE_EXHAUSTED, 'Cannot allocate memory'],
  ESTALE: [StatusCode.ABORTED, 'Stale file handle'],
  EIO: [StatusCode.UNKNOWN, 'Input/output error'],
};

/** `ENOENT`; empty for what the file system did not throw. */
export function errnoOf(thrown: unknown): string {
  const { code } = Object(thrown) as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : '';
}

/** `/models/m; Permission denied`, PERMISSION_DENIED. `prefix` comes before the path. */
export function fileError(path: string, cause: unknown, prefix = ''): ServingError {
  const errno = errnoOf(cause);
  const { message } = Object(cause) as Error;
  const [code, text] = REASONS[errno] ?? [StatusCode.UNKNOWN, errno === '' ? message : errno];
  return new ServingError(code, `${prefix}${path}; ${text}`, [], { cause });
}

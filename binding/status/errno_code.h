// The canonical code of what the system says of a file.
#pragma once

#include <cerrno>

#include "status/status.h"

namespace tensorgate {

// `otherwise`: of errors that are about neither the place nor the right to read it.
inline Code CodeOfErrno(int error, Code otherwise) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return Code::kNotFound;
    case EACCES:
    case EPERM:
      return Code::kPermissionDenied;
    default:
      return otherwise;
  }
}

}  // namespace tensorgate

// What a shared object with ops is, as far as can be told before its code runs: the dynamic linker
// ends a process that maps a file cut short, and its errors name symbols where the operator needs
// to know which file is wrong and why. Any thread.
#pragma once

#include <string>

#include "status/status.h"

namespace tensorgate {

// OK where `path` is a whole shared object for this processor. What its code does once it is loaded
// cannot be told here; src/native/op-library.ts has a trial for that.
// ERRORS: one line with the path. NOT_FOUND: there is none; PERMISSION_DENIED: it cannot be read;
// INVALID_ARGUMENT: it is something else, or for another processor; DATA_LOSS: it is cut short.
Status CheckOpLibraryFile(const std::string& path);

// What the dynamic linker's `text` means for the library in `path`, in one line: for one that was
// built for another TensorFlow FAILED_PRECONDITION, otherwise NOT_FOUND.
Status ExplainOpLibraryError(const std::string& path, const std::string& text);

}  // namespace tensorgate

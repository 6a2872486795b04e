// OpLibraries: the shared objects with custom ops that this process has loaded. TensorFlow never
// unloads one and does not refuse a second kernel for an op; a session that meets two fails. So a
// library is loaded once for each content, and not at all in place of another one. Any thread.
#pragma once

#include <map>
#include <string>

#include "pool/mutex.h"
#include "status/status.h"

namespace tensorgate {

struct OpLibrary {
  std::string path;
  // What it is to the operator: the same role with other content is another build of one library,
  // which cannot replace the first.
  std::string role;
  std::string digest;  // of the file's content
};

// How often each kernel is registered, by its serialized KernelDef: op, device, constraints and
// priority. Two with the same are two that TensorFlow cannot choose from.
using KernelCounts = std::map<std::string, int>;

class OpLibraries {
 public:
  // The process has one registry of ops, so it has one of these.
  static OpLibraries& Get();

  // THREAD: load pool; blocks while the library is opened and its initialisers run. Loaded already:
  // OK at once. ERRORS: those of op_library_file.h, where nothing of the library has run;
  // FAILED_PRECONDITION when the role is taken by other content, which leaves the process as it
  // was; ALREADY_EXISTS when the library has registered a kernel again, which TensorFlow cannot
  // undo; TensorFlow's own, with the path before its text.
  Status Load(const OpLibrary& library);

 private:
  Mutex mutex_;
  std::map<std::string, Status> outcome_by_digest_ GUARDED_BY(mutex_);
  std::map<std::string, std::string> digest_by_role_ GUARDED_BY(mutex_);
  // As of the last library, so that each is counted after once; empty where that is not known.
  KernelCounts kernels_ GUARDED_BY(mutex_);
};

}  // namespace tensorgate

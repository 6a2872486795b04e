#include "model/op_libraries.h"

#include <dlfcn.h>

#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "codec/proto/wire.h"
#include "model/op_library_file.h"
#include "tf/handles.h"
#include "tf/status.h"

namespace tensorgate {
namespace {

// Calls take(bytes) for each field 1 of a message. What TensorFlow serialized is well-formed; the
// walk just ends where it is not.
template <typename Take>
void EachFieldOne(std::string_view message, Take take) {
  WireReader reader(message);
  uint32_t field;
  WireType type;
  while (!reader.AtEnd() && reader.ReadTag(&field, &type)) {
    std::string_view bytes;
    if (field != 1 || type != WireType::kBytes) {
      if (!reader.Skip(field, type)) return;
    } else if (reader.ReadBytes(&bytes)) {
      take(bytes);
    } else {
      return;
    }
  }
}

Status CountKernels(KernelCounts* counts) {
  StatusHandle status(TF_NewStatus());
  const BufferHandle kernels(TF_GetAllRegisteredKernels(status.get()));
  if (kernels == nullptr) return FromTf(status.get());
  EachFieldOne({static_cast<const char*>(kernels->data), kernels->length},
               [&](std::string_view kernel_def) { ++(*counts)[std::string(kernel_def)]; });
  return Status();
}

// The ops with a kernel that `after` has twice and `before` had not.
std::set<std::string> DoubledOps(const KernelCounts& before, const KernelCounts& after) {
  std::set<std::string> ops;
  for (const auto& [kernel_def, count] : after) {
    const auto found = before.find(kernel_def);
    if (count < 2 || (found != before.end() && found->second == count)) continue;
    EachFieldOne(kernel_def, [&](std::string_view op) { ops.emplace(op); });
  }
  return ops;
}

// Puts TensorFlow's libraries into the global symbol scope, where Python has them too. Node loads
// an addon, and with it TensorFlow, into a scope of its own; an op library that has copies of
// TensorFlow's functions inside would then call those, whose tables and hash seeds are not the ones
// that made the objects it is given, and end the process. libtensorflow_cc brings the framework
// along, behind it: the order that TensorFlow's own symbols are found in.
Status ShareTensorFlow() {
  Dl_info tensorflow;
  if (dladdr(reinterpret_cast<const void*>(&TF_LoadLibrary), &tensorflow) != 0 &&
      dlopen(tensorflow.dli_fname, RTLD_NOLOAD | RTLD_LAZY | RTLD_GLOBAL) != nullptr) {
    return Status();  // the handle is kept: so are the libraries
  }
  const char* const why = dlerror();
  return Status(Code::kInternal,
                std::string("cannot share TensorFlow's symbols with op libraries: ") +
                    (why == nullptr ? "its library is not known to the dynamic linker" : why));
}

// `has_run` says whether any code of the library has; `kernels` are those before it, and after it.
Status Open(const std::string& path, KernelCounts* kernels, bool* has_run) {
  *has_run = false;
  const Status whole = CheckOpLibraryFile(path);
  if (!whole.ok()) return whole;
  static const Status shared = ShareTensorFlow();
  if (!shared.ok()) return shared;
  const KernelCounts before = std::move(*kernels);
  kernels->clear();
  StatusHandle status(TF_NewStatus());
  TF_Library* const library = TF_LoadLibrary(path.c_str(), status.get());
  if (library == nullptr) {
    const Status failure = FromTf(status.get());
    // TensorFlow's code for all that the dynamic linker refuses, before it runs an initialiser.
    if (failure.code() == Code::kNotFound) return ExplainOpLibraryError(path, failure.message());
    *has_run = true;
    return Status(failure.code(), "cannot load op library " + path + ": " + failure.message());
  }
  *has_run = true;
  TF_DeleteLibraryHandle(library);  // the library itself stays loaded
  // TensorFlow says nothing of an op that is registered again: its list of the library's ops leaves
  // it out. The second kernel shows.
  const Status counted = CountKernels(kernels);
  if (!counted.ok()) return counted;
  std::string doubled;
  for (const std::string& op : DoubledOps(before, *kernels)) {
    doubled += (doubled.empty() ? "" : ", ") + op;
  }
  if (doubled.empty()) return Status();
  return Status(Code::kAlreadyExists, "op library " + path +
                                          " registers kernels that are registered already, for: " +
                                          doubled + "; TensorFlow cannot choose between two");
}

}  // namespace

OpLibraries& OpLibraries::Get() {
  static OpLibraries* const libraries = new OpLibraries();
  return *libraries;
}

Status OpLibraries::Load(const OpLibrary& library) {
  MutexLock lock(&mutex_);  // held while it loads: a second caller must find the outcome
  const auto known = outcome_by_digest_.find(library.digest);
  if (known != outcome_by_digest_.end()) return known->second;
  const auto holder = digest_by_role_.find(library.role);
  if (holder != digest_by_role_.end()) {
    return Status(Code::kFailedPrecondition,
                  "op library " + library.path +
                      " differs from the one loaded before it; TensorFlow cannot replace a loaded "
                      "library: restart the server");
  }
  if (kernels_.empty()) {
    const Status counted = CountKernels(&kernels_);
    if (!counted.ok()) return counted;
  }
  bool has_run;
  Status status = Open(library.path, &kernels_, &has_run);
  // A file that cannot be opened may be mended and tried again. After all else its ops are in, or
  // partly in: opening it again would run no initialiser and seem to succeed.
  if (!has_run) return status;
  outcome_by_digest_.emplace(library.digest, status);
  digest_by_role_.emplace(library.role, library.digest);
  return status;
}

}  // namespace tensorgate

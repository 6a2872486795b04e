// What a file of a model says of it that is not for an engine: its tensors at the edges, and its
// signatures. Limits hold for all formats, since names and shapes are copied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tensor/dtype.h"

namespace tensorgate {

constexpr size_t kMaxFileTensors = 4096;  // inputs, or outputs, of a model or of a signature
constexpr size_t kMaxFileSignatures = 1024;
constexpr size_t kMaxFileName = 1024;  // bytes

struct FileTensor {
  std::string alias;                    // the name clients use
  std::string name;                     // the file's own
  DataType dtype = DataType::kInvalid;  // kInvalid: one that no request can carry
  bool unknown_rank = true;
  std::vector<int64_t> dims;  // -1 = unknown
};

struct FileSignature {
  std::string name;
  std::vector<FileTensor> inputs;
  std::vector<FileTensor> outputs;
};

struct ModelFile {
  // Of the whole model, in the file's order, under names that no two of them share as aliases.
  std::vector<FileTensor> inputs;
  std::vector<FileTensor> outputs;
  // Those that the file has; none: all inputs to all outputs.
  std::vector<FileSignature> signatures;
  // Further ones as serialized tensorflow.SignatureDef, by name, which come before those above.
  std::vector<std::pair<std::string, std::string>> signature_defs;
};

// The place in `tensors` of the one with that name, in full if there is one, else up to the ":0" of
// a SignatureDef; their number: there is none.
size_t PlaceOf(const std::vector<FileTensor>& tensors, const std::string& name);

}  // namespace tensorgate

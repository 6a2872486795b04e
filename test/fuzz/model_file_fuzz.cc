// Any bytes as a TFLite file, as an ONNX file and as the map that a TFLite file's metadata is: what
// is read must be within the limits that hold for all. One thread.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/limits.h"
#include "formats/flexbuffer_map.h"
#include "formats/onnx_model.h"
#include "formats/tflite_model.h"

namespace {

using namespace tensorgate;

void Check(bool ok) {
  if (!ok) std::abort();
}

void CheckTensors(const std::vector<FileTensor>& tensors, size_t most) {
  Check(tensors.size() <= most);
  for (const FileTensor& tensor : tensors) {
    Check(tensor.name.size() <= kMaxFileName && tensor.alias.size() <= kMaxFileName);
    Check(tensor.dims.size() <= kMaxRank);
    for (const int64_t dim : tensor.dims) Check(dim >= -1);
  }
}

void CheckFile(const ModelFile& file) {
  CheckTensors(file.inputs, kMaxFileTensors);
  CheckTensors(file.outputs, kMaxFileTensors);
  Check(file.signatures.size() <= kMaxFileSignatures);
  Check(file.signature_defs.size() <= kMaxFileSignatures);
  for (const FileSignature& signature : file.signatures) {
    CheckTensors(signature.inputs, 2 * kMaxFileTensors);
    CheckTensors(signature.outputs, 2 * kMaxFileTensors);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  ModelFile lite, onnx;
  if (ReadTfliteModel(bytes, &lite).ok()) CheckFile(lite);
  if (ReadOnnxModel(bytes, &onnx).ok()) CheckFile(onnx);
  std::vector<std::pair<std::string_view, std::string_view>> entries;
  if (ReadFlexMap(bytes, kMaxFileSignatures, &entries)) {
    size_t read = 0;
    for (const auto& [key, text] : entries) {
      for (const char c : key) read += c != '\0';
      for (const char c : text) read += c != '\0';
    }
    Check(entries.size() <= kMaxFileSignatures && read <= size * (entries.size() + 1));
  }
  return 0;
}

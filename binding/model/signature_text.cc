#include "model/signature_text.h"

#include "tensor/type_text.h"

namespace tensorgate {
namespace {

// Names in signatures are identifiers as a rule; only what would break the quotes is escaped.
std::string InQuotes(const std::string& text) {
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

void AppendInfo(const char* map, const TensorInfo& info, std::string* text) {
  *text += std::string(map) + " {\n  key: " + InQuotes(info.alias) + "\n  value {\n";
  if (!info.tensor_name.empty()) *text += "    name: " + InQuotes(info.tensor_name) + "\n";
  *text += "    dtype: " + DataTypeEnumName(info.dtype) + "\n    tensor_shape {\n";
  for (int64_t size : info.dims) {
    *text += "      dim {\n        size: " + std::to_string(size) + "\n      }\n";
  }
  if (info.unknown_rank) *text += "      unknown_rank: true\n";
  *text += "    }\n  }\n}\n";
}

}  // namespace

std::string DeclaredText(const TensorInfo& info) {
  if (info.unknown_rank) return DataTypeEnumName(BaseType(info.dtype)) + " of any shape";
  return TypedShapeText(BaseType(info.dtype), info.dims.data(), static_cast<int>(info.dims.size()));
}

std::string SignatureText(const SignatureDef& signature) {
  std::string text;
  for (const TensorInfo& input : signature.inputs) AppendInfo("inputs", input, &text);
  for (const TensorInfo& output : signature.outputs) AppendInfo("outputs", output, &text);
  if (!signature.method_name.empty()) {
    text += "method_name: " + InQuotes(signature.method_name) + "\n";
  }
  return text;
}

}  // namespace tensorgate

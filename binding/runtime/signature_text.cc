#include "runtime/signature_text.h"

#include <algorithm>
#include <cctype>

namespace tensorgate {
namespace {

// Names in signatures are identifiers as a rule; only what would break the quotes is escaped.
std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

void AppendInfo(const char* map, const TensorInfo& info, std::string* text) {
  *text += std::string(map) + " {\n  key: " + Quoted(info.alias) + "\n  value {\n";
  if (!info.tensor_name.empty()) *text += "    name: " + Quoted(info.tensor_name) + "\n";
  *text += "    dtype: " + DataTypeEnumName(info.dtype) + "\n    tensor_shape {\n";
  for (int64_t size : info.dims) {
    *text += "      dim {\n        size: " + std::to_string(size) + "\n      }\n";
  }
  if (info.unknown_rank) *text += "      unknown_rank: true\n";
  *text += "    }\n  }\n}\n";
}

}  // namespace

std::string DataTypeEnumName(DataType dtype) {
  std::string name = "DT_" + DataTypeName(dtype);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return name;
}

std::string SignatureText(const SignatureDef& signature) {
  std::string text;
  for (const TensorInfo& input : signature.inputs) AppendInfo("inputs", input, &text);
  for (const TensorInfo& output : signature.outputs) AppendInfo("outputs", output, &text);
  if (!signature.method_name.empty()) {
    text += "method_name: " + Quoted(signature.method_name) + "\n";
  }
  return text;
}

}  // namespace tensorgate

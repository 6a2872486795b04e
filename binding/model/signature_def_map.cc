#include "model/signature_def_map.h"

#include "graph/message.h"

namespace tensorgate {
namespace {

std::string EntryOf(std::string_view key, std::string_view value) {
  std::string entry;
  AppendBytesField(1, key, &entry);
  AppendBytesField(2, value, &entry);
  return entry;
}

std::string TensorInfoBytes(const TensorInfo& info) {
  std::string shape;
  for (const int64_t dim : info.dims) {
    std::string size;
    AppendVarintField(1, static_cast<uint64_t>(dim), &size);
    AppendBytesField(2, size, &shape);
  }
  if (info.unknown_rank) AppendVarintField(3, 1, &shape);
  std::string bytes;
  AppendBytesField(1, info.tensor_name, &bytes);
  AppendVarintField(2, static_cast<uint64_t>(info.dtype), &bytes);
  AppendBytesField(3, shape, &bytes);
  return bytes;
}

}  // namespace

std::string SignatureDefBytes(const SignatureDef& signature) {
  std::string bytes;
  for (const TensorInfo& input : signature.inputs) {
    AppendBytesField(1, EntryOf(input.alias, TensorInfoBytes(input)), &bytes);
  }
  for (const TensorInfo& output : signature.outputs) {
    AppendBytesField(2, EntryOf(output.alias, TensorInfoBytes(output)), &bytes);
  }
  const bool is_named = !signature.method_name.empty();
  AppendBytesField(3, is_named ? signature.method_name : "tensorflow/serving/predict", &bytes);
  return bytes;
}

std::string SignatureDefMapBytes(const std::vector<std::pair<std::string, std::string>>& defs) {
  std::string map;
  for (const auto& [name, def] : defs) AppendBytesField(1, EntryOf(name, def), &map);
  return map;
}

}  // namespace tensorgate

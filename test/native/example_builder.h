// tf.Examples and requests around them, put together by hand; result tensors over plain vectors.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "codec/proto/example_request.h"
#include "proto_builder.h"

namespace tensorgate::proto {

inline std::string BytesFeature(const std::vector<std::string>& values) {
  std::string list;
  for (const std::string& value : values) list += BytesField(1, value);
  return BytesField(1, list);
}
inline std::string FloatFeature(const std::vector<float>& values) {
  return BytesField(2, PackedFixed<float>(1, values));
}
inline std::string Int64Feature(const std::vector<int64_t>& values) {
  return BytesField(3, PackedVarints(1, values));
}

// An entry of Features, and an Example of some.
inline std::string Feature(std::string_view name, std::string_view feature) {
  return BytesField(1, BytesField(1, name) + BytesField(2, feature));
}
inline std::string Example(std::string_view features) { return BytesField(1, features); }

inline std::string Examples(const std::vector<std::string>& examples) {
  std::string bytes;
  for (const std::string& example : examples) bytes += BytesField(1, example);
  return bytes;
}
inline std::string Context(std::string_view example) { return BytesField(2, example); }

// The two kinds of Input, and the field that holds it in every request.
inline std::string ListKind(std::string_view list) { return BytesField(1, list); }
inline std::string ContextKind(std::string_view list) { return BytesField(2, list); }
inline std::string InputField(std::string_view input) { return BytesField(2, input); }

// A tensor over a vector, which must outlive it.
inline TensorView FloatsView(const std::vector<float>& values) {
  TensorView view;
  view.dtype = DataType::kFloat;
  view.elements = static_cast<int64_t>(values.size());
  view.data = values.data();
  return view;
}
inline TensorView StringsView(const std::vector<std::string_view>& values) {
  TensorView view;
  view.dtype = DataType::kString;
  view.elements = static_cast<int64_t>(values.size());
  view.data = values.data();
  view.string_at = StringAt;
  return view;
}

}  // namespace tensorgate::proto

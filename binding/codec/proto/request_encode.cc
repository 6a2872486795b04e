#include "codec/proto/request_encode.h"

#include "codec/proto/tensor_proto_layout.h"
#include "codec/proto/wire.h"

namespace tensorgate {
namespace {

// Of all three requests.
constexpr uint32_t kRequestSpecField = 1;
constexpr uint32_t kRequestInputField = 2;  // a map of inputs, or the Input of examples

constexpr uint32_t kModelNameField = 1;
constexpr uint32_t kModelSignatureField = 3;
constexpr uint32_t kInputListField = 1;      // of Input
constexpr uint32_t kExampleOfListField = 1;  // of ExampleList

size_t TextFieldSize(std::string_view text) {
  return text.empty() ? 0 : 1 + PrefixedSize(text.size());
}

void EncodeModelSpec(std::string_view name, std::string_view signature, OutputBuffer* out) {
  const size_t size = TextFieldSize(name) + TextFieldSize(signature);
  WireWriter writer(out, 1 + PrefixedSize(size));
  writer.Prefix(kRequestSpecField, size);
  if (!name.empty()) writer.Bytes(kModelNameField, name);
  if (!signature.empty()) writer.Bytes(kModelSignatureField, signature);
  writer.Done();
}

}  // namespace

Status EncodePredictRequest(std::string_view model_name, std::string_view signature_name,
                            const std::vector<NamedTensorView>& inputs, OutputBuffer* out) {
  EncodeModelSpec(model_name, signature_name, out);
  for (const NamedTensorView& input : inputs) {
    TensorProtoLayout layout;
    // Strings have their own field whatever a server answers with.
    const bool as_content = input.tensor.dtype != DataType::kString;
    Status status = LayOutTensorProto(input.tensor, as_content, &layout);
    if (!status.ok()) return status;
    const size_t entry = 2 + PrefixedSize(input.name.size()) + PrefixedSize(layout.size);
    WireWriter writer(out, 1 + PrefixedSize(entry));
    writer.Prefix(kRequestInputField, entry);
    writer.Bytes(kMapKeyField, input.name);
    writer.Prefix(kMapValueField, layout.size);
    WriteTensorProto(input.tensor, layout, &writer);
    writer.Done();
  }
  return Status();
}

void EncodeExampleRequest(std::string_view model_name, std::string_view signature_name,
                          const TensorView& examples, OutputBuffer* out) {
  EncodeModelSpec(model_name, signature_name, out);
  size_t list = 0;
  for (int64_t i = 0; i < examples.elements; ++i) {
    list += 1 + PrefixedSize(examples.string_at(examples.data, i).size());
  }
  const size_t input = 1 + PrefixedSize(list);
  WireWriter writer(out, 1 + PrefixedSize(input));
  writer.Prefix(kRequestInputField, input);
  writer.Prefix(kInputListField, list);
  for (int64_t i = 0; i < examples.elements; ++i) {
    writer.Bytes(kExampleOfListField, examples.string_at(examples.data, i));
  }
  writer.Done();
}

}  // namespace tensorgate

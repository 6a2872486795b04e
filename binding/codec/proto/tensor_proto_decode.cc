// TensorProto to Tensor: after the scan, memory is charged, taken and filled. Borrows the message,
// owns nothing; any thread.
#include <algorithm>
#include <cstdint>
#include <string>

#include "codec/proto/packed_varints.h"
#include "codec/proto/predict_proto.h"
#include "codec/proto/tensor_proto_fields.h"
#include "codec/proto/tensor_proto_scan.h"
#include "codec/proto/wire.h"
#include "tensor/type_text.h"

namespace tensorgate {
namespace {

Status CountElements(const TensorProtoScan& scan, int64_t* elements) {
  *elements = 1;
  for (int i = 0; i < scan.rank; ++i) {
    if (scan.dims[i] < 0) {
      return InvalidField("tensor_shape", "dim " + std::to_string(i) + " is " +
                                              std::to_string(scan.dims[i]) +
                                              ", expected at least 0");
    }
    if (__builtin_mul_overflow(*elements, scan.dims[i], elements)) {
      return InvalidField("tensor_shape", "the number of elements exceeds int64 at dim " +
                                              std::to_string(i) + " of size " +
                                              std::to_string(scan.dims[i]));
    }
  }
  return Status();
}

Status TakeFrom(size_t* budget, uint64_t count, size_t each, const char* what) {
  uint64_t bytes;
  if (__builtin_mul_overflow(count, static_cast<uint64_t>(each), &bytes) || bytes > *budget) {
    const std::string why = std::string(what) + ": " + std::to_string(count) + " elements of " +
                            std::to_string(each) + " bytes exceed the limit, of which " +
                            std::to_string(*budget) + " bytes are left";
    return InvalidArgument(why).With("tensor_shape", why);
  }
  *budget -= bytes;
  return Status();
}

Status TakeMemory(Tensor* tensor, size_t each, DecodeBudget* budget) {
  const uint64_t elements = static_cast<uint64_t>(tensor->elements);
  return TakeFrom(&budget->tensor_bytes, elements, each, "decoded tensor");
}

Status TakeFill(uint64_t missing, size_t each, DecodeBudget* budget) {
  if (missing == 0) return Status();
  return TakeFrom(&budget->filled_bytes, missing, each, "values repeated up to tensor_shape");
}

Status Allocate(Tensor* tensor, size_t bytes) {
  if (tensor->data.Resize(bytes)) return Status();
  const std::string why = "no memory for a tensor of " + std::to_string(bytes) + " bytes";
  return InvalidArgument(why).With("", why);
}

// tensor_content: the elements as they lie in memory.
Status DecodeContent(std::string_view content, DecodeBudget* budget, Tensor* tensor) {
  const size_t width = ElementSize(tensor->dtype);
  uint64_t expected;
  if (__builtin_mul_overflow(static_cast<uint64_t>(tensor->elements), uint64_t{width}, &expected) ||
      expected != content.size()) {
    return InvalidField("tensor_content", std::to_string(content.size()) +
                                              " bytes given, expected " +
                                              std::to_string(tensor->elements) + " elements of " +
                                              std::to_string(width) + " bytes");
  }
  if (tensor->dtype == DataType::kBool) {
    for (const char byte : content) {
      if (static_cast<uint8_t>(byte) > 1) {
        return InvalidField(
            "tensor_content",
            "a bool is " + std::to_string(static_cast<uint8_t>(byte)) + ", expected 0 or 1");
      }
    }
  }
  Status status = TakeMemory(tensor, width, budget);
  if (status.ok()) status = Allocate(tensor, content.size());
  if (status.ok()) std::memcpy(tensor->data.data(), content.data(), content.size());
  return status;
}

// Strings in tensor_content: the length of every element as a varint, then all their bytes.
Status DecodeStringContent(std::string_view content, DecodeBudget* budget, Tensor* tensor) {
  const uint64_t count = static_cast<uint64_t>(tensor->elements);
  if (count > content.size()) {
    return InvalidField("tensor_content", std::to_string(content.size()) +
                                              " bytes given, expected the lengths of " +
                                              std::to_string(count) + " strings, then their bytes");
  }
  Status status = TakeMemory(tensor, sizeof(std::string_view), budget);
  if (!status.ok()) return status;
  tensor->strings.reserve(count);
  WireReader reader(content);
  uint64_t total = 0;
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t size;
    if (!reader.ReadVarint(&size) || size > content.size() || total + size > content.size()) {
      return InvalidField("tensor_content", "the length of string " + std::to_string(i) +
                                                " is truncated or exceeds the " +
                                                std::to_string(content.size()) + " bytes given");
    }
    // Only the length is known yet; the loop below puts the views in place.
    tensor->strings.emplace_back(content.data(), size);
    total += size;
  }
  const size_t left = content.size() - reader.offset();
  if (total != left) {
    return InvalidField("tensor_content", "the strings' lengths add up to " +
                                              std::to_string(total) + ", but " +
                                              std::to_string(left) + " bytes follow");
  }
  const char* at = content.data() + reader.offset();
  for (std::string_view& element : tensor->strings) {
    element = {at, element.size()};
    at += element.size();
  }
  return Status();
}

Status DecodeStringVal(std::string_view proto, const FieldValues& values, DecodeBudget* budget,
                       Tensor* tensor) {
  const uint64_t elements = static_cast<uint64_t>(tensor->elements);
  const uint64_t given = std::min(values.count, elements);
  Status status = TakeMemory(tensor, sizeof(std::string_view), budget);
  if (status.ok()) status = TakeFill(elements - given, sizeof(std::string_view), budget);
  if (!status.ok()) return status;
  tensor->strings.reserve(elements);
  WireReader reader(proto.substr(values.begin, values.end - values.begin));
  while (tensor->strings.size() < given) {
    uint32_t field;
    WireType type;
    std::string_view element;
    if (!reader.ReadTag(&field, &type)) return reader.Error("string_val");
    if (field != kStringValField || type != WireType::kBytes) {
      if (!reader.Skip(field, type)) return reader.Error("string_val");
    } else if (!reader.ReadBytes(&element)) {
      return reader.Error("string_val");
    } else {
      tensor->strings.push_back(element);
    }
  }
  if (given == elements) return Status();
  const std::string_view last = given == 0 ? std::string_view() : tensor->strings.back();
  // TensorFlow will hold a copy of the text in every element, so its bytes count as well.
  status = TakeFill(elements - given, last.size(), budget);
  if (status.ok()) tensor->strings.resize(elements, last);
  return status;
}

// Where the values of a fixed-size type go.
struct Values {
  uint8_t* at;
  size_t left;  // values, not elements: a complex number has two
};

Status StorePacked(const ValueField& field, DataType dtype, std::string_view chunk,
                   Values* values) {
  if (field.form == ValueForm::kVarint) {
    if (!DecodePackedVarints(dtype, chunk, &values->at, &values->left)) {
      return MalformedValues(field.number, "an overlong varint");
    }
    return Status();
  }
  const size_t width = field.form == ValueForm::kFixed32 ? 4 : 8;
  const size_t count = std::min(chunk.size() / width, values->left);
  if (count > 0) std::memcpy(values->at, chunk.data(), count * width);
  values->at += count * width;
  values->left -= count;
  return Status();
}

// Second pass: the chunks of one field in wire order, packed or single, up to `values->left`.
Status StoreValues(std::string_view part, const ValueField& field, DataType dtype, Values* values) {
  const WireType single = UnpackedType(field.form);
  WireReader reader(part);
  while (!reader.AtEnd()) {
    uint32_t number;
    WireType type;
    if (!reader.ReadTag(&number, &type)) return reader.Error(NameOfField(field.number));
    if (number == field.number && type == WireType::kBytes) {
      std::string_view chunk;
      if (!reader.ReadBytes(&chunk)) return reader.Error(NameOfField(field.number));
      Status status = StorePacked(field, dtype, chunk, values);
      if (!status.ok()) return status;
      continue;
    }
    const size_t begin = reader.offset();
    if (!reader.Skip(number, type)) return reader.Error(NameOfField(field.number));
    if (number != field.number || type != single) continue;
    // One value without a length in front is a packed chunk of one.
    Status status = StorePacked(field, dtype, part.substr(begin, reader.offset() - begin), values);
    if (!status.ok()) return status;
  }
  return Status();
}

// Copies the element in front of `at` until `end`; zeros when there is none.
void RepeatLast(bool any, uint8_t* at, uint8_t* end, size_t width) {
  if (at == end) return;
  if (!any) {
    std::memset(at, 0, static_cast<size_t>(end - at));
    return;
  }
  // Doubles what is there already, so that any width goes at the speed of memcpy.
  const uint8_t* const from = at - width;
  size_t ready = width;
  while (at != end) {
    const size_t bytes = std::min(ready, static_cast<size_t>(end - at));
    std::memcpy(at, from, bytes);
    at += bytes;
    ready += bytes;
  }
}

Status DecodeTypedField(std::string_view proto, const TensorProtoScan& scan,
                        const ValueField& field, DecodeBudget* budget, Tensor* tensor) {
  const FieldValues& values = scan.values[field.number];
  const size_t width = ElementSize(tensor->dtype);
  const uint64_t elements = static_cast<uint64_t>(tensor->elements);
  const uint64_t given = std::min(values.count / field.per_element, elements);
  Status status = TakeMemory(tensor, width, budget);
  if (status.ok()) status = TakeFill(elements - given, width, budget);
  if (status.ok()) status = Allocate(tensor, elements * width);
  if (!status.ok()) return status;

  uint8_t* const begin = tensor->data.data();
  if (field.form == ValueForm::kBytes) {
    if (given > 0) std::memcpy(begin, scan.float8_val.data(), given);
  } else if (values.count > 0) {
    Values target{begin, given * field.per_element};
    const std::string_view part = proto.substr(values.begin, values.end - values.begin);
    status = StoreValues(part, field, tensor->dtype, &target);
    if (!status.ok()) return status;
  }
  RepeatLast(given > 0, begin + given * width, begin + elements * width, width);
  return Status();
}

// What was sent, for a violation beside the one that says what was wrong with it.
std::string Given(std::string_view proto, const TensorProtoScan& scan) {
  std::string text =
      "given " + TypedShapeText(static_cast<DataType>(scan.dtype), scan.dims, scan.rank);
  for (uint32_t number = 1; number <= kLastValueField; ++number) {
    const uint64_t count = scan.values[number].count;
    if (count == 0) continue;
    text += ", " + std::to_string(count) + " values in " + NameOfField(number);
  }
  if (!scan.content.empty()) {
    text += ", " + std::to_string(scan.content.size()) + " bytes of tensor_content";
  }
  return text + "; a TensorProto of " + std::to_string(proto.size()) + " bytes";
}

Status Decode(std::string_view proto, TensorProtoScan* scanned, DecodeBudget* budget,
              Tensor* tensor) {
  Status status = ScanTensorProto(proto, scanned);
  const TensorProtoScan& scan = *scanned;
  if (!status.ok()) return status;
  const DataType dtype = static_cast<DataType>(scan.dtype);
  if (!IsServable(dtype)) {
    return InvalidField(
        "dtype", "a tensor of type " + DataTypeName(dtype) + " is not supported as an input");
  }
  status = CountElements(scan, &tensor->elements);
  if (!status.ok()) return status;
  tensor->dtype = dtype;
  tensor->dims.assign(scan.dims, scan.dims + scan.rank);
  tensor->data = AlignedBuffer();
  tensor->strings.clear();
  tensor->owned_strings.clear();
  if (tensor->elements == 0) return Allocate(tensor, 0);

  const bool strings = dtype == DataType::kString;
  if (!scan.content.empty()) {
    return strings ? DecodeStringContent(scan.content, budget, tensor)
                   : DecodeContent(scan.content, budget, tensor);
  }
  const ValueField field = ValueFieldOf(dtype);
  if (strings) return DecodeStringVal(proto, scan.values[field.number], budget, tensor);
  return DecodeTypedField(proto, scan, field, budget, tensor);
}

}  // namespace

Status DecodeTensorProto(std::string_view proto, DecodeBudget* budget, Tensor* tensor) {
  TensorProtoScan scan;
  Status status = Decode(proto, &scan, budget, tensor);
  if (status.ok()) return status;
  return std::move(status).With("", Given(proto, scan));
}

}  // namespace tensorgate

// Tensors to TensorProto: all elements in the typed field of their dtype, or in tensor_content.
// Sizes first, then bytes, so that nothing is moved. Owns nothing; any thread.
#include <cstdint>
#include <string>

#include "codec/proto/predict_proto.h"
#include "codec/proto/tensor_proto_layout.h"

namespace tensorgate {
namespace {

// Elements are read by memcpy: a view may lie at any address.
template <typename T>
T Load(const void* data, int64_t index) {
  T value;
  std::memcpy(&value, static_cast<const char*>(data) + static_cast<size_t>(index) * sizeof(T),
              sizeof(T));
  return value;
}

// The 64 bits a varint field carries: negative numbers are sign-extended to ten bytes.
template <typename T>
struct AsVarint {
  uint64_t operator()(const void* data, int64_t index) const {
    return static_cast<uint64_t>(static_cast<int64_t>(Load<T>(data, index)));
  }
};

struct BoolAsVarint {
  uint64_t operator()(const void* data, int64_t index) const {
    return Load<uint8_t>(data, index) != 0;
  }
};

// Sub-byte types take a byte each in memory, of which the upper bits mean nothing.
template <int kBits, bool kSigned>
struct SubByteAsVarint {
  uint64_t operator()(const void* data, int64_t index) const {
    constexpr uint64_t kMask = (uint64_t{1} << kBits) - 1;
    const uint64_t low = Load<uint8_t>(data, index) & kMask;
    constexpr uint64_t kSign = uint64_t{1} << (kBits - 1);
    return kSigned ? (low ^ kSign) - kSign : low;
  }
};

// Calls `use` with what turns an element of `dtype` into a varint. REQUIRES: a kVarint dtype.
template <typename Use>
auto WithVarintOf(DataType dtype, const Use& use) {
  switch (dtype) {
    case DataType::kBool:
      return use(BoolAsVarint());
    case DataType::kInt8:
    case DataType::kQint8:
      return use(AsVarint<int8_t>());
    case DataType::kUint8:
    case DataType::kQuint8:
      return use(AsVarint<uint8_t>());
    case DataType::kInt16:
    case DataType::kQint16:
      return use(AsVarint<int16_t>());
    case DataType::kUint16:
    case DataType::kQuint16:
    case DataType::kHalf:
    case DataType::kBfloat16:
      return use(AsVarint<uint16_t>());
    case DataType::kUint32:
      return use(AsVarint<uint32_t>());
    case DataType::kInt64:
      return use(AsVarint<int64_t>());
    case DataType::kUint64:
      return use(AsVarint<uint64_t>());
    case DataType::kInt4:
      return use(SubByteAsVarint<4, true>());
    case DataType::kUint4:
      return use(SubByteAsVarint<4, false>());
    case DataType::kInt2:
      return use(SubByteAsVarint<2, true>());
    case DataType::kUint2:
      return use(SubByteAsVarint<2, false>());
    default:
      return use(AsVarint<int32_t>());
  }
}

size_t VarintsSize(const TensorView& tensor) {
  return WithVarintOf(tensor.dtype, [&](auto as_varint) {
    size_t size = 0;
    for (int64_t i = 0; i < tensor.elements; ++i) size += VarintSize(as_varint(tensor.data, i));
    return size;
  });
}

void WriteVarints(const TensorView& tensor, WireWriter* writer) {
  WithVarintOf(tensor.dtype, [&](auto as_varint) {
    // A copy of the writer stays in registers; `*writer` would be stored after every byte.
    WireWriter local = *writer;
    for (int64_t i = 0; i < tensor.elements; ++i) local.Varint(as_varint(tensor.data, i));
    *writer = local;
  });
}

size_t DimSize(int64_t dim) { return dim == 0 ? 0 : 1 + VarintSize(static_cast<uint64_t>(dim)); }

size_t ShapeSize(const TensorView& tensor) {
  size_t size = 0;
  for (int i = 0; i < tensor.rank; ++i) size += 1 + PrefixedSize(DimSize(tensor.dims[i]));
  return size;
}

size_t StringsSize(const TensorView& tensor, bool as_content) {
  size_t size = as_content ? 0 : static_cast<size_t>(tensor.elements);  // the tags
  for (int64_t i = 0; i < tensor.elements; ++i) {
    size += PrefixedSize(tensor.string_at(tensor.data, i).size());
  }
  return size;
}

// As content: all lengths, then all bytes.
void WriteStrings(const TensorView& tensor, bool as_content, WireWriter* writer) {
  for (int64_t i = 0; i < tensor.elements; ++i) {
    const std::string_view element = tensor.string_at(tensor.data, i);
    if (as_content) {
      writer->Varint(element.size());
    } else {
      writer->Bytes(kStringValField, element);
    }
  }
  if (!as_content) return;
  for (int64_t i = 0; i < tensor.elements; ++i) {
    const std::string_view element = tensor.string_at(tensor.data, i);
    writer->Raw(element.data(), element.size());
  }
}

}  // namespace

Status LayOutTensorProto(const TensorView& tensor, bool as_content, TensorProtoLayout* layout) {
  if (!IsServable(tensor.dtype)) {
    return Status(Code::kUnimplemented, "A tensor of type " + DataTypeName(tensor.dtype) +
                                            " has no TensorProto form here");
  }
  *layout = TensorProtoLayout();
  layout->as_content = as_content;
  layout->field = ValueFieldOf(tensor.dtype);
  layout->shape_size = ShapeSize(tensor);
  layout->size =
      1 + VarintSize(static_cast<uint64_t>(tensor.dtype)) + 1 + PrefixedSize(layout->shape_size);
  if (tensor.elements == 0) return Status();

  const bool strings = layout->field.form == ValueForm::kStrings;
  if (strings) {
    layout->values_size = StringsSize(tensor, as_content);
  } else if (layout->field.form == ValueForm::kVarint && !as_content) {
    layout->values_size = VarintsSize(tensor);
  } else {
    layout->values_size = static_cast<size_t>(tensor.elements) * ElementSize(tensor.dtype);
  }
  if (strings && !as_content) {
    layout->size += layout->values_size;
  } else {
    const uint32_t field = as_content ? kTensorContentField : layout->field.number;
    layout->size += VarintSize(field << 3) + PrefixedSize(layout->values_size);
  }
  return Status();
}

void WriteTensorProto(const TensorView& tensor, const TensorProtoLayout& layout,
                      WireWriter* writer) {
  writer->ShortTag(kDtypeField, WireType::kVarint);
  writer->Varint(static_cast<uint64_t>(tensor.dtype));
  writer->Prefix(kTensorShapeField, layout.shape_size);
  for (int i = 0; i < tensor.rank; ++i) {
    const int64_t dim = tensor.dims[i];
    writer->Prefix(kShapeDimField, DimSize(dim));
    if (dim == 0) continue;
    writer->ShortTag(kDimSizeField, WireType::kVarint);
    writer->Varint(static_cast<uint64_t>(dim));
  }
  if (tensor.elements == 0) return;

  const bool strings = layout.field.form == ValueForm::kStrings;
  if (layout.as_content) {
    writer->Prefix(kTensorContentField, layout.values_size);
  } else if (!strings) {
    writer->Prefix(layout.field.number, layout.values_size);
  }
  if (strings) {
    WriteStrings(tensor, layout.as_content, writer);
  } else if (layout.field.form == ValueForm::kVarint && !layout.as_content) {
    WriteVarints(tensor, writer);
  } else {
    writer->Raw(tensor.data, layout.values_size);
  }
}

Status EncodeTensorProto(const TensorView& tensor, bool as_content, OutputBuffer* out) {
  TensorProtoLayout layout;
  Status status = LayOutTensorProto(tensor, as_content, &layout);
  if (!status.ok()) return status;
  WireWriter writer(out, layout.size);
  WriteTensorProto(tensor, layout, &writer);
  writer.Done();
  return Status();
}

}  // namespace tensorgate

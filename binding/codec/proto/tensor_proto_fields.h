// Which field of tensorflow.TensorProto carries the values of a dtype, and in what form. A table
// shared by the decoder and the encoder; constant data, any thread.
#pragma once

#include <cstdint>

#include "tensor/dtype.h"

namespace tensorgate {

constexpr uint32_t kDtypeField = 1;
constexpr uint32_t kTensorShapeField = 2;
constexpr uint32_t kTensorContentField = 4;
constexpr uint32_t kStringValField = 8;
constexpr uint32_t kFloat8ValField = 18;
constexpr uint32_t kLastValueField = 18;

constexpr uint32_t kShapeDimField = 2;
constexpr uint32_t kShapeUnknownRankField = 3;
constexpr uint32_t kDimSizeField = 1;
constexpr uint32_t kDimNameField = 2;

enum class ValueForm : uint8_t {
  kNone,     // not a field of values
  kFixed32,  // little-endian words, as they lie in memory
  kFixed64,
  kVarint,   // narrowed to the element's width
  kStrings,  // one length-delimited field per element
  kBytes,    // one length-delimited field with a byte per element
};

struct ValueField {
  uint32_t number;
  ValueForm form;
  uint8_t per_element;  // complex numbers take two values
};

constexpr ValueForm FormOfField(uint32_t number) {
  switch (number) {
    case 5:
    case 9:
      return ValueForm::kFixed32;
    case 6:
    case 12:
      return ValueForm::kFixed64;
    case 7:
    case 10:
    case 11:
    case 13:
    case 16:
    case 17:
      return ValueForm::kVarint;
    case kStringValField:
      return ValueForm::kStrings;
    case kFloat8ValField:
      return ValueForm::kBytes;
    default:
      return ValueForm::kNone;
  }
}

// For the texts of errors.
constexpr const char* NameOfField(uint32_t number) {
  constexpr const char* kNames[kLastValueField + 1] = {"",
                                                       "dtype",
                                                       "tensor_shape",
                                                       "version_number",
                                                       "tensor_content",
                                                       "float_val",
                                                       "double_val",
                                                       "int_val",
                                                       "string_val",
                                                       "scomplex_val",
                                                       "int64_val",
                                                       "bool_val",
                                                       "dcomplex_val",
                                                       "half_val",
                                                       "resource_handle_val",
                                                       "variant_val",
                                                       "uint32_val",
                                                       "uint64_val",
                                                       "float8_val"};
  return number <= kLastValueField ? kNames[number] : "";
}

constexpr ValueField FieldOf(uint32_t number, uint8_t per_element = 1) {
  return {number, FormOfField(number), per_element};
}

// REQUIRES: IsServable(dtype).
constexpr ValueField ValueFieldOf(DataType dtype) {
  switch (dtype) {
    case DataType::kFloat:
      return FieldOf(5);
    case DataType::kDouble:
      return FieldOf(6);
    case DataType::kString:
      return FieldOf(kStringValField);
    case DataType::kComplex64:
      return FieldOf(9, 2);
    case DataType::kInt64:
      return FieldOf(10);
    case DataType::kBool:
      return FieldOf(11);
    case DataType::kComplex128:
      return FieldOf(12, 2);
    case DataType::kHalf:
    case DataType::kBfloat16:
      return FieldOf(13);
    case DataType::kUint32:
      return FieldOf(16);
    case DataType::kUint64:
      return FieldOf(17);
    case DataType::kFloat8E5m2:
    case DataType::kFloat8E4m3fn:
    case DataType::kFloat8E4m3fnuz:
    case DataType::kFloat8E4m3b11fnuz:
    case DataType::kFloat8E5m2fnuz:
    case DataType::kFloat4E2m1fn:
      return FieldOf(kFloat8ValField);
    default:  // every integer of at most 32 bits, quantized and sub-byte ones too
      return FieldOf(7);
  }
}

}  // namespace tensorgate

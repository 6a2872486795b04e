// The first pass over a TensorProto: its dtype and shape, and how many values each of its fields
// holds, so that memory can be charged before any is taken. Borrows the message; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "codec/limits.h"
#include "codec/proto/tensor_proto_fields.h"
#include "codec/proto/wire.h"
#include "status/status.h"

namespace tensorgate {

struct FieldValues {
  uint64_t count = 0;
  size_t begin = 0;  // the bytes of the message between which all values of the field lie
  size_t end = 0;
};

// The dims stay on the stack until their number is known.
struct TensorProtoScan {
  int32_t dtype = 0;
  int rank = 0;
  int64_t dims[kMaxRank];  // as sent, possibly negative
  std::string_view content;
  std::string_view float8_val;
  FieldValues values[kLastValueField + 1];
};

// The wire type of one value that is not packed.
constexpr WireType UnpackedType(ValueForm form) {
  switch (form) {
    case ValueForm::kFixed32:
      return WireType::kFixed32;
    case ValueForm::kFixed64:
      return WireType::kFixed64;
    case ValueForm::kVarint:
      return WireType::kVarint;
    default:
      return WireType::kBytes;
  }
}

// "<field>: malformed protobuf, <what>"
Status MalformedValues(uint32_t field, const std::string& what);

// ERRORS: INVALID_ARGUMENT on a malformed wire and on too many dimensions.
Status ScanTensorProto(std::string_view proto, TensorProtoScan* scan);

}  // namespace tensorgate

// What a TensorProto says of itself before its values are read. Owns nothing; any thread.
#include "codec/proto/tensor_proto_scan.h"

#include "codec/proto/packed_varints.h"

namespace tensorgate {
namespace {

Status ScanDim(std::string_view bytes, int64_t* size) {
  *size = 0;
  WireReader reader(bytes);
  while (!reader.AtEnd()) {
    uint32_t field;
    WireType type;
    if (!reader.ReadTag(&field, &type)) return reader.Error("tensor_shape.dim");
    bool ok;
    if (field == kDimSizeField && type == WireType::kVarint) {
      uint64_t bits;
      ok = reader.ReadVarint(&bits);
      if (ok) *size = static_cast<int64_t>(bits);
    } else if (field == kDimNameField && type == WireType::kBytes) {
      std::string_view name;
      ok = reader.ReadBytes(&name);
      if (ok && !IsValidUtf8(name)) return InvalidField("tensor_shape.dim.name", "not valid UTF-8");
    } else {
      ok = reader.Skip(field, type);
    }
    if (!ok) return reader.Error("tensor_shape.dim");
  }
  return Status();
}

// Appends, so that a shape given in two parts is one shape. unknown_rank is not looked at: like
// upstream, the dims that are there count, and none is a scalar.
Status ScanShape(std::string_view bytes, TensorProtoScan* scan) {
  WireReader reader(bytes);
  while (!reader.AtEnd()) {
    uint32_t field;
    WireType type;
    if (!reader.ReadTag(&field, &type)) return reader.Error("tensor_shape");
    if (field != kShapeDimField || type != WireType::kBytes) {
      if (!reader.Skip(field, type)) return reader.Error("tensor_shape");
      continue;
    }
    std::string_view dim;
    if (!reader.ReadBytes(&dim)) return reader.Error("tensor_shape");
    if (scan->rank == kMaxRank) {
      return InvalidField("tensor_shape", "more than " + std::to_string(kMaxRank) + " dimensions");
    }
    Status status = ScanDim(dim, &scan->dims[scan->rank]);
    if (!status.ok()) return status;
    ++scan->rank;
  }
  return Status();
}

// Adds the values of a packed chunk of field `number` to its count.
Status CountPacked(uint32_t number, std::string_view chunk, uint64_t* count) {
  const ValueForm form = FormOfField(number);
  if (form == ValueForm::kVarint) {
    if (!chunk.empty() && (chunk.back() & 0x80) != 0) {
      return MalformedValues(number, "the last varint is truncated");
    }
    *count += CountVarints(chunk);
    return Status();
  }
  const size_t width = form == ValueForm::kFixed32 ? 4 : 8;
  if (chunk.size() % width != 0) {
    return MalformedValues(number, std::to_string(chunk.size()) + " bytes are no multiple of " +
                                       std::to_string(width));
  }
  *count += chunk.size() / width;
  return Status();
}

bool IsPackable(ValueForm form) {
  return form == ValueForm::kFixed32 || form == ValueForm::kFixed64 || form == ValueForm::kVarint;
}

// A length-delimited field of the TensorProto.
Status ScanBytesField(uint32_t field, std::string_view bytes, TensorProtoScan* scan) {
  switch (field) {
    case kTensorShapeField:
      return ScanShape(bytes, scan);
    case kTensorContentField:
      scan->content = bytes;
      return Status();
    case kFloat8ValField:  // not repeated: the last one counts
      scan->float8_val = bytes;
      scan->values[field].count = bytes.size();
      return Status();
    default:
      break;
  }
  const ValueForm form = FormOfField(field);
  if (IsPackable(form)) return CountPacked(field, bytes, &scan->values[field].count);
  if (form == ValueForm::kStrings) ++scan->values[field].count;
  return Status();
}

}  // namespace

Status MalformedValues(uint32_t field, const std::string& what) {
  return InvalidField(NameOfField(field), "malformed protobuf, " + what);
}

Status ScanTensorProto(std::string_view proto, TensorProtoScan* scan) {
  WireReader reader(proto);
  while (!reader.AtEnd()) {
    const size_t begin = reader.offset();
    uint32_t field;
    WireType type;
    if (!reader.ReadTag(&field, &type)) return reader.Error("TensorProto", "");
    const ValueForm form = FormOfField(field);
    if (type == WireType::kBytes) {
      std::string_view bytes;
      if (!reader.ReadBytes(&bytes)) return reader.Error("TensorProto", "");
      Status status = ScanBytesField(field, bytes, scan);
      if (!status.ok()) return status;
    } else if (field == kDtypeField && type == WireType::kVarint) {
      uint64_t bits;
      if (!reader.ReadVarint(&bits)) return reader.Error("TensorProto", "");
      scan->dtype = static_cast<int32_t>(bits);
    } else {
      if (!reader.Skip(field, type)) return reader.Error("TensorProto", "");
      if (IsPackable(form) && type == UnpackedType(form)) ++scan->values[field].count;
    }
    if (form != ValueForm::kNone) {
      FieldValues& values = scan->values[field];
      if (values.end == 0) values.begin = begin;
      values.end = reader.offset();
    }
  }
  return Status();
}

}  // namespace tensorgate

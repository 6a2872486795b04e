// Appending document values to tensors: one loop over the tape, open lists in counters.
#include "codec/json/json_tensor_filler.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "codec/json/base64.h"
#include "codec/json/json_dump.h"
#include "codec/json/json_predict_paths.h"
#include "codec/json/json_request_head.h"
#include "codec/limits.h"
#include "tensor/type_text.h"

namespace tensorgate {

bool IsBase64Object(const JsonDocument& document, size_t node) {
  if (!document.IsObject(node) || document.size(node) != 1 || !document.IsString(node + 2)) {
    return false;
  }
  std::string scratch;
  return document.StringValue(node + 1, &scratch) == "b64";
}

// The lengths of the lists met by going down first elements. False beyond kMaxRank.
bool JsonTensorFiller::FindShape(size_t node) {
  shape_.clear();
  while (document_.IsArray(node)) {
    if (shape_.size() == static_cast<size_t>(kMaxRank)) return false;
    shape_.push_back(static_cast<int64_t>(document_.size(node)));
    if (document_.size(node) == 0) break;
    ++node;
  }
  return true;
}

Status JsonTensorFiller::Append(size_t node) {
  elements_ = 0;
  too_deep_ = !FindShape(node);
  if (too_deep_) return RankError();
  const int rank = static_cast<int>(shape_.size());
  int64_t left[kMaxRank];  // elements still to come in each open list
  int level = 0;
  while (true) {
    if (document_.IsArray(node)) {
      if (level >= rank) {
        return At(InvalidArgument("Encountered list at unexpected level: " + std::to_string(level) +
                                  " expected < " + std::to_string(rank)),
                  node, left, level);
      }
      const int64_t size = static_cast<int64_t>(document_.size(node));
      const int64_t expected = shape_[static_cast<size_t>(level)];
      if (size != expected) {
        return At(InvalidArgument("Encountered list at unexpected size: " + std::to_string(size) +
                                  " at level: " + std::to_string(level) +
                                  " expected size: " + std::to_string(expected)),
                  node, left, level);
      }
      ++node;
      if (size > 0) {
        left[level++] = size;
        continue;
      }
    } else {
      if (level != rank) {
        return At(InvalidArgument("JSON Value: " + DumpJson(document_, node) +
                                  " found at incorrect level: " + std::to_string(level + 1) +
                                  " in the JSON DOM. Expected at level: " + std::to_string(rank)),
                  node, left, level);
      }
      Status status = AppendLeaf(node);
      if (!status.ok()) return At(std::move(status), node, left, level);
      ++elements_;
      node = document_.Next(node);
    }
    while (level > 0 && --left[level - 1] == 0) --level;
    if (level == 0) return Status();
  }
}

Status JsonTensorFiller::AppendLeaf(size_t node) {
  const DataType dtype = tensor_->dtype;
  if (document_.IsObject(node) && dtype != DataType::kString) return TypeError(node);
  const JsonType type = document_.type(node);
  JsonNumber number;
  if (type == JsonType::kNumber) number = document_.number(node);
  switch (dtype) {
    case DataType::kFloat: {
      if (type != JsonType::kNumber) return TypeError(node);
      const float value = static_cast<float>(number.ToDouble());
      return AppendBytes(&value, sizeof(value));
    }
    case DataType::kDouble: {
      if (type != JsonType::kNumber) return TypeError(node);
      const double value = number.ToDouble();
      return AppendBytes(&value, sizeof(value));
    }
    case DataType::kInt32:
    case DataType::kInt16:
    case DataType::kInt8:
    case DataType::kUint8: {
      if (!number.FitsInt32()) return TypeError(node);
      // Narrow integers keep the low bits of what fits int32.
      const uint32_t bits = static_cast<uint32_t>(number.ToInt64());
      const uint16_t bits16 = static_cast<uint16_t>(bits);
      const uint8_t bits8 = static_cast<uint8_t>(bits);
      if (dtype == DataType::kInt32) return AppendBytes(&bits, sizeof(bits));
      if (dtype == DataType::kInt16) return AppendBytes(&bits16, sizeof(bits16));
      return AppendBytes(&bits8, sizeof(bits8));
    }
    case DataType::kInt64: {
      if (!number.FitsInt64()) return TypeError(node);
      const int64_t value = number.ToInt64();
      return AppendBytes(&value, sizeof(value));
    }
    case DataType::kUint32: {
      if (!number.FitsUint32()) return TypeError(node);
      const uint32_t value = static_cast<uint32_t>(number.magnitude);
      return AppendBytes(&value, sizeof(value));
    }
    case DataType::kUint64:
      if (!number.FitsUint64()) return TypeError(node);
      return AppendBytes(&number.magnitude, sizeof(number.magnitude));
    case DataType::kBool: {
      if (type != JsonType::kTrue && type != JsonType::kFalse) return TypeError(node);
      const bool value = type == JsonType::kTrue;
      return AppendBytes(&value, sizeof(value));
    }
    case DataType::kString:
      return AppendString(node);
    default:
      return Status(Code::kUnimplemented, "Conversion of JSON Value: " + DumpJson(document_, node) +
                                              " to type: " + DataTypeName(dtype));
  }
}

Status JsonTensorFiller::AppendString(size_t node) {
  const bool object = document_.IsObject(node);
  if (!object && !document_.IsString(node)) return TypeError(node);
  if (object && !IsBase64Object(document_, node)) {
    return InvalidArgument("JSON Value: " + DumpJson(document_, node) +
                           " not formatted correctly for base64 data");
  }
  const JsonString string = document_.string(object ? node + 2 : node);
  size_t cost = kStringElementBytes;
  if (object || string.escaped) cost += kOwnedStringBytes + string.raw.size();
  Status status = Spend(cost);
  if (!status.ok()) return status;
  if (!object && !string.escaped) {
    tensor_->strings.push_back(string.raw);
    return Status();
  }
  std::string value;
  AppendJsonStringValue(string, &value);
  if (object) {
    std::string decoded;
    if (!DecodeBase64(value, &decoded)) return InvalidArgument("Unable to base64 decode");
    value = std::move(decoded);
  }
  tensor_->owned_strings.push_back(std::move(value));
  tensor_->strings.push_back(tensor_->owned_strings.back());
  return Status();
}

Status JsonTensorFiller::AppendBytes(const void* element, size_t size) {
  Status status = Spend(size);
  if (!status.ok()) return status;
  AlignedBuffer& data = tensor_->data;
  const size_t used = data.size();
  if (data.capacity() - used < size && !data.Reserve(std::max<size_t>(64, used * 2))) {
    return Status(Code::kResourceExhausted, "Out of memory while decoding the JSON request body");
  }
  if (!data.Resize(used + size)) return Status(Code::kInternal, "a reserved buffer did not grow");
  std::memcpy(data.data() + used, element, size);
  return Status();
}

Status JsonTensorFiller::Spend(size_t bytes) {
  if (bytes > *budget_) {
    return Status(Code::kResourceExhausted,
                  "The tensors of the JSON request are larger than the server's limit");
  }
  *budget_ -= bytes;
  return Status();
}

std::string JsonTensorFiller::Expected(int level) const {
  const std::string dtype = DataTypeEnumName(tensor_->dtype);
  if (level >= static_cast<int>(shape_.size())) return dtype;
  const int64_t size = shape_[static_cast<size_t>(level)];
  return "a list of " + std::to_string(size) + " (" + dtype + " within), as the first one";
}

Status JsonTensorFiller::At(Status status, size_t node, const int64_t* left, int level) const {
  std::string path;
  for (int i = 0; i < level; ++i) {
    path += IndexStep(static_cast<size_t>(shape_[static_cast<size_t>(i)] - left[i]));
  }
  std::string got = WrongJson(document_, node, Expected(level));
  if (document_.IsArray(node)) got += ", of size " + std::to_string(document_.size(node));
  return std::move(status).With(path, std::move(got));
}

Status JsonTensorFiller::TypeError(size_t node) const {
  return InvalidArgument("JSON Value: " + DumpJson(document_, node) +
                         " Type: " + JsonTypeName(document_.type(node)) +
                         " is not of expected type: " + DataTypeName(tensor_->dtype));
}

// Upstream meets such a tensor only when the request runs, and then says this.
Status JsonTensorFiller::RankError() const {
  return InvalidArgument("tensor parsing error: " + alias_)
      .With("", "more than " + std::to_string(kMaxRank) + " dimensions");
}

Status JsonTensorFiller::Finish(std::vector<int64_t> dims) {
  if (dims.size() > static_cast<size_t>(kMaxRank)) return RankError();
  int64_t elements = 1;
  for (const int64_t dim : dims) {
    if (dim == 0) elements = 0;
  }
  // Each dimension is the length of lists that were walked, so their product cannot overflow.
  for (const int64_t dim : dims) {
    if (elements != 0) elements *= dim;
  }
  tensor_->dims = std::move(dims);
  tensor_->elements = elements;
  if (tensor_->dtype == DataType::kString) {
    tensor_->strings.resize(static_cast<size_t>(elements));
    return Status();
  }
  if (!tensor_->data.Resize(static_cast<size_t>(elements) * ElementSize(tensor_->dtype))) {
    return Status(Code::kInternal, "fewer elements than the shape holds");
  }
  return Status();
}

}  // namespace tensorgate

// The loops of JsonTensorReader. One instance a dtype, so that the innermost loop knows how to read
// and where to store; lists nest in counters, not in calls.
#include "codec/json/json_tensor_reader.h"

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <utility>

#include "codec/json/base64.h"
#include "codec/json/json_predict_paths.h"

namespace tensorgate {
namespace {

constexpr size_t kFirstElements = 64;

// How a JSON number becomes an element: T is what memory holds, Accepts what upstream lets in.
template <typename T, bool (*Accepts)(const JsonNumber&), T (*Convert)(const JsonNumber&)>
struct NumberLeaf {
  using Element = T;
  static bool Parse(const char** p, const char* end, T* element) {
    JsonNumber number;
    JsonTextError error;
    if (!ParseJsonNumber(p, end, &number, &error) || !Accepts(number)) return false;
    *element = Convert(number);
    return true;
  }
};

bool Any(const JsonNumber&) { return true; }
bool Int32Literal(const JsonNumber& number) { return number.FitsInt32(); }
bool Int64Literal(const JsonNumber& number) { return number.FitsInt64(); }
bool Uint32Literal(const JsonNumber& number) { return number.FitsUint32(); }
bool Uint64Literal(const JsonNumber& number) { return number.FitsUint64(); }

// Narrow integers keep the low bits, as upstream's do.
template <typename T>
T LowBits(const JsonNumber& number) {
  return static_cast<T>(number.negative ? uint64_t{0} - number.magnitude : number.magnitude);
}
float ToFloat(const JsonNumber& number) { return static_cast<float>(number.ToDouble()); }
double ToDouble(const JsonNumber& number) { return number.ToDouble(); }

struct BoolLeaf {
  using Element = bool;
  static bool Parse(const char** p, const char* end, bool* element) {
    JsonTextError error;
    *element = **p == 't';
    return ParseJsonWord(p, end, *element ? "true" : "false", &error);
  }
};

}  // namespace

struct StringLeaf {
  using Element = std::string_view;
};

template <typename Leaf>
inline bool JsonTensorReader::ReadLeaf(const char** cursor) {
  if (count_ == capacity_ && !Grow(*cursor)) return false;
  if constexpr (std::is_same_v<Leaf, StringLeaf>) {
    if (!ReadString(cursor)) return false;
  } else {
    using Element = typename Leaf::Element;
    Element* const elements = reinterpret_cast<Element*>(tensor_->data.data());
    if (!Leaf::Parse(cursor, end_, elements + count_)) return false;
  }
  ++count_;
  return true;
}

template <typename Leaf>
bool JsonTensorReader::ReadAs(JsonTensorReader* self, const char** cursor) {
  const char* p = *cursor;
  const char* const end = self->end_;
  int64_t counts[kMaxRank];  // elements so far in each open list
  int level = 0;
  while (true) {
    // A value starts here.
    p = SkipJsonBlanks(p, end);
    if (p == end) return false;
    if (*p == '[') {
      if (level >= (self->rank_ < 0 ? kMaxRank : self->rank_)) return false;
      if (self->rank_ < 0) self->dims_[level] = -1;
      counts[level++] = 0;
      p = SkipJsonBlanks(p + 1, end);
      if (p == end) return false;
      if (*p != ']') continue;
      if (self->rank_ < 0) self->rank_ = level;
    } else {
      if (self->rank_ < 0) self->rank_ = level;
      if (level != self->rank_) return false;
      if (!self->ReadLeaf<Leaf>(&p)) return false;
      if (level > 0) ++counts[level - 1];
      p = SkipJsonBlanks(p, end);
    }
    // A value ended here, or a list is empty: close what ends with it, up to the next comma.
    while (true) {
      if (level == 0) {
        *cursor = p;
        return true;
      }
      if (p == end) return false;
      if (*p == ',') {
        ++p;
        break;
      }
      if (*p != ']') return false;
      --level;
      int64_t* const dim = &self->dims_[level];
      if (*dim < 0) *dim = counts[level];
      if (*dim != counts[level]) return false;
      if (level > 0) ++counts[level - 1];
      p = SkipJsonBlanks(p + 1, end);
    }
  }
}

void JsonTensorReader::Begin(DataType dtype, const char* origin, const char* end, size_t* budget,
                             Tensor* tensor) {
  origin_ = origin;
  end_ = end;
  budget_ = budget;
  tensor_ = tensor;
  tensor_->dtype = dtype;
  element_size_ = dtype == DataType::kString ? kStringElementBytes : ElementSize(dtype);
  switch (dtype) {
    case DataType::kFloat:
      read_ = ReadAs<NumberLeaf<float, Any, ToFloat>>;
      break;
    case DataType::kDouble:
      read_ = ReadAs<NumberLeaf<double, Any, ToDouble>>;
      break;
    case DataType::kInt32:
      read_ = ReadAs<NumberLeaf<int32_t, Int32Literal, LowBits<int32_t>>>;
      break;
    case DataType::kInt16:
      read_ = ReadAs<NumberLeaf<int16_t, Int32Literal, LowBits<int16_t>>>;
      break;
    case DataType::kInt8:
      read_ = ReadAs<NumberLeaf<int8_t, Int32Literal, LowBits<int8_t>>>;
      break;
    case DataType::kUint8:
      read_ = ReadAs<NumberLeaf<uint8_t, Int32Literal, LowBits<uint8_t>>>;
      break;
    case DataType::kInt64:
      read_ = ReadAs<NumberLeaf<int64_t, Int64Literal, LowBits<int64_t>>>;
      break;
    case DataType::kUint32:
      read_ = ReadAs<NumberLeaf<uint32_t, Uint32Literal, LowBits<uint32_t>>>;
      break;
    case DataType::kUint64:
      read_ = ReadAs<NumberLeaf<uint64_t, Uint64Literal, LowBits<uint64_t>>>;
      break;
    case DataType::kBool:
      read_ = ReadAs<BoolLeaf>;
      break;
    case DataType::kString:
      read_ = ReadAs<StringLeaf>;
      break;
    default:
      read_ = [](JsonTensorReader*, const char**) { return false; };
  }
}

bool JsonTensorReader::Grow(const char* p) {
  const size_t remaining = static_cast<size_t>(end_ - p);
  const size_t most = count_ + remaining / 2 + 1;  // an element and its comma: two bytes at least
  size_t wanted = kFirstElements;
  if (count_ > 0) {
    const double taken = static_cast<double>(p - origin_) / static_cast<double>(count_);
    const size_t guess = static_cast<size_t>(static_cast<double>(remaining) / taken * 1.0625) + 8;
    wanted = count_ + std::max(guess, count_ / 2);
  }
  wanted = std::min(wanted, most);
  const size_t affordable = capacity_ + *budget_ / element_size_;
  wanted = std::min(wanted, affordable);
  if (wanted <= count_ || !TakeBudget((wanted - capacity_) * element_size_)) return false;
  if (tensor_->dtype == DataType::kString) {
    tensor_->strings.reserve(wanted);
  } else if (!tensor_->data.Resize(count_ * element_size_) ||
             !tensor_->data.Reserve(wanted * element_size_)) {
    return false;
  }
  capacity_ = wanted;
  return true;
}

bool JsonTensorReader::TakeBudget(size_t bytes) {
  if (bytes > *budget_) return false;
  *budget_ -= bytes;
  return true;
}

bool JsonTensorReader::ReadString(const char** cursor) {
  JsonString string;
  JsonTextError error;
  if (**cursor == '"') {
    ++*cursor;
    if (!ParseJsonString(cursor, end_, &string, &error)) return false;
    if (!string.escaped) {
      tensor_->strings.push_back(string.raw);
      return true;
    }
    if (!TakeBudget(kOwnedStringBytes + string.raw.size())) return false;
    AppendJsonStringValue(string, &tensor_->owned_strings.emplace_back());
  } else {
    if (!ParseBase64Object(cursor, end_, &string)) return false;
    if (!TakeBudget(kOwnedStringBytes + string.raw.size())) return false;
    std::string unescaped;
    if (string.escaped) AppendJsonStringValue(string, &unescaped);
    if (!DecodeBase64(string.escaped ? unescaped : string.raw,
                      &tensor_->owned_strings.emplace_back())) {
      return false;
    }
  }
  tensor_->strings.push_back(tensor_->owned_strings.back());
  return true;
}

bool JsonTensorReader::Finish(int64_t rows) {
  const int batch = rows >= 0 ? 1 : 0;
  if (rank_ < 0 || rank_ + batch > kMaxRank) return false;
  tensor_->dims.reserve(static_cast<size_t>(rank_ + batch));
  if (batch != 0) tensor_->dims.push_back(rows);
  tensor_->dims.insert(tensor_->dims.end(), dims_, dims_ + rank_);
  tensor_->elements = static_cast<int64_t>(count_);
  if (tensor_->dtype == DataType::kString) {
    if (tensor_->strings.capacity() / 2 > count_ + kFirstElements) tensor_->strings.shrink_to_fit();
    return true;
  }
  const size_t used = count_ * element_size_;
  if (!tensor_->data.Resize(used)) return false;
  if (tensor_->data.capacity() / 2 > used + 4096) {
    AlignedBuffer trimmed;
    if (!trimmed.Resize(used)) return false;
    if (used > 0) std::memcpy(trimmed.data(), tensor_->data.data(), used);
    tensor_->data = std::move(trimmed);
  }
  return true;
}

bool ParseBase64Object(const char** cursor, const char* end, JsonString* text) {
  const char* p = *cursor;
  if (*p != '{') return false;
  p = SkipJsonBlanks(p + 1, end);
  if (end - p < 5 || std::memcmp(p, "\"b64\"", 5) != 0) return false;
  p = SkipJsonBlanks(p + 5, end);
  if (p == end || *p != ':') return false;
  p = SkipJsonBlanks(p + 1, end);
  if (p == end || *p != '"') return false;
  ++p;
  JsonTextError error;
  if (!ParseJsonString(&p, end, text, &error)) return false;
  p = SkipJsonBlanks(p, end);
  if (p == end || *p != '}') return false;
  *cursor = p + 1;
  return true;
}

}  // namespace tensorgate

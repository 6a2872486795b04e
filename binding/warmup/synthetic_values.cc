#include "warmup/synthetic_values.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "codec/json/base64.h"
#include "graph/message.h"
#include "random/random_numbers.h"
#include "warmup/synthetic_media.h"

namespace tensorgate {
namespace {

using Content = InputHint::Content;

// The upper half of a float's bits; half has five bits of exponent, three fewer.
uint16_t ToBfloat16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return static_cast<uint16_t>(bits >> 16);
}

uint16_t ToHalf(float value) {
  if (value != value) return 0x7e00;
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  const uint32_t sign = bits >> 16 & 0x8000;
  const int32_t exponent = static_cast<int32_t>(bits >> 23 & 0xff) - 127 + 15;
  if (exponent <= 0) return static_cast<uint16_t>(sign);
  return static_cast<uint16_t>(sign | static_cast<uint32_t>(exponent) << 10 | (bits >> 13 & 0x3ff));
}

template <typename T, typename Next>
void Fill(unsigned char* data, size_t elements, Next next) {
  for (size_t i = 0; i < elements; ++i) {
    const T value = static_cast<T>(next());
    std::memcpy(data + i * sizeof(T), &value, sizeof value);
  }
}

int64_t WholeNumber(const InputHint& hint, RowFill fill, RandomNumbers* random) {
  const bool is_zero = fill == RowFill::kZeros;
  if (!hint.numbers.empty()) {
    return hint.numbers[is_zero ? 0 : random->Below(hint.numbers.size())];
  }
  if (is_zero) return 0;
  if (hint.below == 0) return static_cast<int64_t>(random->Next() >> 63);
  constexpr int64_t kMost = 1 << 20;
  return static_cast<int64_t>(random->Below(static_cast<uint64_t>(std::min(hint.below, kMost))));
}

// Web-safe, as graphs read it.
std::string Base64(std::string_view bytes) {
  std::string text(EncodedBase64Size(bytes.size()), 0);
  EncodeBase64(bytes, text.data());
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

std::string Digits(const InputHint& hint, const SyntheticRow& row) {
  RandomNumbers random(row.seed);
  const int64_t number = WholeNumber(hint, row.fill, &random);
  const bool is_whole = hint.dtype != DataType::kFloat && hint.dtype != DataType::kDouble;
  return std::to_string(number) + (is_whole || row.fill == RowFill::kZeros ? "" : ".5");
}

std::string Media(Content content, int size, uint64_t seed) {
  switch (content) {
    case Content::kJpeg:
      return SyntheticJpeg(size, seed);
    case Content::kPng:
      return SyntheticPng(size, seed);
    case Content::kGif:
      return SyntheticGif(size, seed);
    case Content::kBmp:
      return SyntheticBmp(size, seed);
    default:
      return SyntheticWav(size, seed);
  }
}

// Numbers one after the other; false where they are too many, or none at all.
bool RawNumbers(DataType dtype, const InputHint& hint, const SyntheticRow& row, size_t elements,
                size_t max_bytes, std::string* out) {
  const size_t size = ElementSize(dtype);
  if (size == 0 || elements > max_bytes / size) return false;
  out->assign(elements * size, 0);
  FillNumbers(dtype, hint, row, elements,
              static_cast<unsigned char*>(static_cast<void*>(out->data())));
  return true;
}

// TensorProto: dtype 1, tensor_shape 2 { dim 2 { size 1 } }, tensor_content 4.
bool SerializedTensor(const InputHint& hint, const SyntheticRow& row, size_t max_bytes,
                      std::string* out) {
  const InputHint any;
  const InputHint& of = hint.columns.empty() ? any : hint.columns[0];
  std::string shape, content;
  size_t elements = 1;
  for (const int64_t known : of.dims) {
    const size_t dim = static_cast<size_t>(known < 0 ? row.size : known);
    if (__builtin_mul_overflow(elements, dim, &elements)) return false;
    std::string size;
    AppendVarintField(1, dim, &size);
    AppendBytesField(2, size, &shape);
  }
  if (!RawNumbers(hint.dtype, of, row, elements, max_bytes, &content)) return false;
  AppendVarintField(1, static_cast<uint64_t>(hint.dtype), out);
  AppendBytesField(2, shape, out);
  AppendBytesField(4, content, out);
  return true;
}

bool Line(const InputHint& hint, const SyntheticRow& row, size_t max_bytes, std::string* out) {
  SyntheticRow column = row;
  for (const InputHint& each : hint.columns) {
    if (&each != &hint.columns.front()) out->append(hint.separator);
    std::string text;
    column.seed = column.seed * 31 + 1;
    if (!MakeString(each, column, max_bytes, &text)) return false;
    max_bytes -= text.size();
    out->append(text);
  }
  return true;
}

bool MakeContent(const InputHint& hint, const SyntheticRow& row, size_t max_bytes,
                 std::string* out) {
  switch (hint.content) {
    case Content::kText:
      if (!hint.keys.empty()) {
        RandomNumbers random(row.seed);
        const bool is_first = row.fill == RowFill::kZeros;
        *out = hint.keys[is_first ? 0 : random.Below(hint.keys.size())];
      } else if (row.fill != RowFill::kZeros) {
        *out = "text " + std::to_string(row.seed % 10);
      }
      return true;
    case Content::kExample:
    case Content::kSequenceExample:
    case Content::kExampleJson:
      return MakeExample(hint, row, max_bytes, out);
    case Content::kBase64: {
      std::string inner;
      if (hint.columns.empty() || !MakeString(hint.columns[0], row, max_bytes, &inner)) {
        return false;
      }
      *out = Base64(inner);
      return true;
    }
    case Content::kNumber:
      *out = Digits(hint, row);
      return true;
    case Content::kBytes: {
      const int64_t count = hint.count > 0 ? hint.count : row.size;
      return RawNumbers(hint.dtype, hint, row, static_cast<size_t>(count), max_bytes, out);
    }
    case Content::kTensor:
      return SerializedTensor(hint, row, max_bytes, out);
    case Content::kCsv:
      return Line(hint, row, max_bytes, out);
    case Content::kJpeg:
    case Content::kPng:
    case Content::kGif:
    case Content::kBmp:
    case Content::kWav:
      break;
  }
  const size_t size = static_cast<size_t>(row.size);
  if (size > 4096 || 4 * (size + 1) * (size + 1) > max_bytes) return false;
  *out = Media(hint.content, row.size, row.seed);
  return true;
}

}  // namespace

void FillNumbers(DataType dtype, const InputHint& hint, const SyntheticRow& row, size_t elements,
                 unsigned char* data) {
  const bool has_keys = !hint.numbers.empty();
  if (row.fill == RowFill::kZeros && !has_keys) return;
  RandomNumbers random(row.seed * 8 + static_cast<uint64_t>(row.fill));
  const auto number = [&] {
    if (row.fill == RowFill::kZeros) return 0.0;
    if (row.fill == RowFill::kNan) return std::numeric_limits<double>::quiet_NaN();
    if (row.fill == RowFill::kRandom) return 0.75 + 0.25 * random.Number();
    return random.Number() * (row.fill == RowFill::kLarge ? 1000.0 : 1.0);
  };
  const auto whole = [&] { return WholeNumber(hint, row.fill, &random); };
  switch (dtype) {
    case DataType::kFloat:
      return Fill<float>(data, elements, number);
    case DataType::kDouble:
      return Fill<double>(data, elements, number);
    case DataType::kComplex64:
      return Fill<float>(data, 2 * elements, number);
    case DataType::kComplex128:
      return Fill<double>(data, 2 * elements, number);
    case DataType::kHalf:
      return Fill<uint16_t>(data, elements, [&] { return ToHalf(static_cast<float>(number())); });
    case DataType::kBfloat16:
      return Fill<uint16_t>(data, elements,
                            [&] { return ToBfloat16(static_cast<float>(number())); });
    case DataType::kInt32:
    case DataType::kUint32:
      return Fill<int32_t>(data, elements, whole);
    case DataType::kInt64:
    case DataType::kUint64:
      return Fill<int64_t>(data, elements, whole);
    default:
      break;
  }
  const size_t size = ElementSize(dtype);
  for (size_t i = 0; i < elements; ++i) {
    data[i * size] = static_cast<unsigned char>(random.Next() >> 63);
  }
}

bool MakeString(const InputHint& hint, const SyntheticRow& row, size_t max_bytes,
                std::string* out) {
  out->clear();
  return MakeContent(hint, row, max_bytes, out) && out->size() <= max_bytes;
}

}  // namespace tensorgate

#include "plan/agreement.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "tensor/float_numbers.h"
#include "tf/tensor.h"

namespace tensorgate {
namespace {

// Below this part of a tensor's largest number, differences are rounding of the larger ones.
constexpr double kFloor = 0.01;

struct FloatType {
  NumberAt at = nullptr;  // null: compared exactly
  double tolerance = 0;
  size_t per_element = 1;
};

FloatType FloatTypeOf(DataType dtype) {
  switch (dtype) {
    case DataType::kFloat:
      return {NumberAtOf(DataType::kFloat), 1e-4, 1};
    case DataType::kComplex64:
      return {NumberAtOf(DataType::kFloat), 1e-4, 2};
    case DataType::kDouble:
      return {NumberAtOf(DataType::kDouble), 1e-6, 1};
    case DataType::kComplex128:
      return {NumberAtOf(DataType::kDouble), 1e-6, 2};
    case DataType::kHalf:
      return {NumberAtOf(dtype), 1e-2, 1};
    case DataType::kBfloat16:
      return {NumberAtOf(dtype), 5e-2, 1};
    default:
      return {};
  }
}

std::string Number(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.9g", value);
  return text;
}

void Differ(size_t output, const std::string& what, Agreement* agreement) {
  if (!agreement->agrees) return;
  agreement->agrees = false;
  agreement->difference = "output " + std::to_string(output) + ": " + what;
}

void CompareFloats(const FloatType& type, const TensorView& expected, const TensorView& given,
                   size_t output, Agreement* agreement) {
  const size_t numbers = static_cast<size_t>(expected.elements) * type.per_element;
  double largest = 0;
  for (size_t i = 0; i < numbers; ++i) {
    const double size = std::abs(type.at(expected.data, i));
    if (std::isfinite(size)) largest = std::max(largest, size);
  }
  for (size_t i = 0; i < numbers; ++i) {
    const double a = type.at(expected.data, i);
    const double b = type.at(given.data, i);
    if (a == b || (std::isnan(a) && std::isnan(b))) continue;
    const double scale = std::max({std::abs(a), std::abs(b), kFloor * largest});
    const double difference = std::abs(a - b) / scale;
    // Not the other way round: NaN is no number up to any tolerance.
    if (std::isfinite(difference)) agreement->largest = std::max(agreement->largest, difference);
    if (difference <= type.tolerance) continue;
    return Differ(output,
                  "element " + std::to_string(i) + " is " + Number(b) + ", as saved " + Number(a),
                  agreement);
  }
}

bool SameElement(const TensorView& expected, const TensorView& given, int64_t index) {
  if (expected.dtype == DataType::kString) {
    return expected.string_at(expected.data, index) == given.string_at(given.data, index);
  }
  const size_t size = ElementSize(expected.dtype);
  const size_t offset = static_cast<size_t>(index) * size;
  return std::memcmp(static_cast<const char*>(expected.data) + offset,
                     static_cast<const char*>(given.data) + offset, size) == 0;
}

}  // namespace

void Compare(const std::vector<TensorHandle>& expected, const std::vector<TensorHandle>& given,
             Agreement* agreement) {
  if (expected.size() != given.size()) return Differ(0, "there are more or fewer", agreement);
  for (size_t i = 0; i < expected.size(); ++i) {
    std::vector<int64_t> dims, given_dims;
    const TensorView a = ViewOf(expected[i].get(), &dims);
    const TensorView b = ViewOf(given[i].get(), &given_dims);
    if (a.dtype != b.dtype || dims != given_dims) {
      Differ(i, "another type or shape", agreement);
      continue;
    }
    const FloatType type = FloatTypeOf(a.dtype);
    if (type.at != nullptr) {
      CompareFloats(type, a, b, i, agreement);
      continue;
    }
    for (int64_t element = 0; element < a.elements; ++element) {
      if (SameElement(a, b, element)) continue;
      Differ(i, "element " + std::to_string(element) + " is another", agreement);
      break;
    }
  }
}

}  // namespace tensorgate

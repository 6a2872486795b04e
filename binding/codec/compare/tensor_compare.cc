// TensorDifference: element by element, floats of 16 bits and more by tolerance.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "codec/compare/answer_compare.h"
#include "status/violation.h"
#include "tensor/small_floats.h"
#include "tensor/type_text.h"

namespace tensorgate {
namespace {

template <typename T>
T ElementAt(const Tensor& tensor, size_t index) {
  T value;
  std::memcpy(&value, tensor.data.data() + index * sizeof(T), sizeof(T));
  return value;
}

// "[1][2]": the place of element `index` in its shape.
std::string PlaceOf(const Tensor& tensor, size_t index) {
  std::string place;
  for (size_t i = tensor.dims.size(); i-- > 0;) {
    const size_t dim = static_cast<size_t>(tensor.dims[i]);
    place.insert(0, IndexStep(index % dim));
    index /= dim;
  }
  return place;
}

// `value_of(tensor, i)` is number i; an element is made of `per_element` of them.
template <typename ValueOf>
std::string FloatDifference(const Tensor& a, const Tensor& b, size_t per_element, double tolerance,
                            ValueOf value_of) {
  const size_t count = static_cast<size_t>(a.elements) * per_element;
  for (size_t i = 0; i < count; ++i) {
    const double x = value_of(a, i);
    const double y = value_of(b, i);
    if (NumbersAgree(x, y, tolerance)) continue;
    return DifferenceText(PlaceOf(a, i / per_element), NumberText(x), NumberText(y));
  }
  return "";
}

std::string StringDifference(const Tensor& a, const Tensor& b) {
  for (size_t i = 0; i < a.strings.size(); ++i) {
    if (a.strings[i] == b.strings[i]) continue;
    return DifferenceText(PlaceOf(a, i), Quoted(a.strings[i]), Quoted(b.strings[i]));
  }
  return "";
}

template <typename T>
std::string IntegerText(const Tensor& tensor, size_t index) {
  return std::to_string(ElementAt<T>(tensor, index));
}

std::string ExactText(const Tensor& tensor, size_t index) {
  switch (tensor.dtype) {
    case DataType::kInt64:
      return IntegerText<int64_t>(tensor, index);
    case DataType::kUint64:
      return IntegerText<uint64_t>(tensor, index);
    case DataType::kInt32:
    case DataType::kQint32:
      return IntegerText<int32_t>(tensor, index);
    case DataType::kUint32:
      return IntegerText<uint32_t>(tensor, index);
    case DataType::kInt16:
    case DataType::kQint16:
      return IntegerText<int16_t>(tensor, index);
    case DataType::kUint16:
    case DataType::kQuint16:
      return IntegerText<uint16_t>(tensor, index);
    case DataType::kInt8:
    case DataType::kQint8:
      return IntegerText<int8_t>(tensor, index);
    default:  // of one byte; sub-byte types and small floats as their bits
      return IntegerText<uint8_t>(tensor, index);
  }
}

std::string ExactDifference(const Tensor& a, const Tensor& b) {
  const size_t size = ElementSize(a.dtype);
  for (size_t i = 0; i < static_cast<size_t>(a.elements); ++i) {
    if (std::memcmp(a.data.data() + i * size, b.data.data() + i * size, size) == 0) continue;
    return DifferenceText(PlaceOf(a, i), ExactText(a, i), ExactText(b, i));
  }
  return "";
}

std::string TypeText(const Tensor& tensor) {
  return TypedShapeText(tensor.dtype, tensor.dims.data(), static_cast<int>(tensor.dims.size()));
}

}  // namespace

bool NumbersAgree(double a, double b, double tolerance) {
  if (a == b || (std::isnan(a) && std::isnan(b))) return true;
  if (!std::isfinite(a) || !std::isfinite(b)) return false;
  return std::abs(a - b) <= tolerance * std::max({1.0, std::abs(a), std::abs(b)});
}

std::string NumberText(double value) {
  char text[32];
  const int size = std::snprintf(text, sizeof(text), "%.9g", value);
  return std::string(text, static_cast<size_t>(size));
}

std::string DifferenceText(const std::string& where, const std::string& a, const std::string& b) {
  return FittingText(where + ": " + a + ", shadow " + b, kMaxDifferenceBytes);
}

std::string TensorDifference(const Tensor& a, const Tensor& b, double tolerance) {
  if (a.dtype != b.dtype || a.dims != b.dims) {
    return DifferenceText("", TypeText(a), TypeText(b));
  }
  const auto float_of = [](const Tensor& tensor, size_t i) {
    return static_cast<double>(ElementAt<float>(tensor, i));
  };
  switch (a.dtype) {
    case DataType::kFloat:
      return FloatDifference(a, b, 1, tolerance, float_of);
    case DataType::kComplex64:
      return FloatDifference(a, b, 2, tolerance, float_of);
    case DataType::kDouble:
      return FloatDifference(a, b, 1, tolerance, ElementAt<double>);
    case DataType::kComplex128:
      return FloatDifference(a, b, 2, tolerance, ElementAt<double>);
    case DataType::kHalf:
      return FloatDifference(a, b, 1, tolerance, [](const Tensor& tensor, size_t i) {
        return HalfValue(ElementAt<uint16_t>(tensor, i));
      });
    case DataType::kBfloat16:
      return FloatDifference(a, b, 1, tolerance, [](const Tensor& tensor, size_t i) {
        return Bfloat16Value(ElementAt<uint16_t>(tensor, i));
      });
    case DataType::kString:
      return StringDifference(a, b);
    default:
      return ExactDifference(a, b);
  }
}

}  // namespace tensorgate

#include "runtime/synthetic_inputs.h"

#include <cstring>
#include <limits>

#include "codec/limits.h"
#include "status/status.h"
#include "tensor/tensor.h"
#include "tf/tensor.h"

namespace tensorgate {
namespace {

// A string element as TensorFlow holds it.
constexpr size_t kStringBytes = sizeof(TF_TString);

// xorshift64*: the same numbers on every machine.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15ULL + 1) {}

  uint64_t Next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545f4914f6cdd1dULL;
  }
  // In [-1, 1).
  double Number() { return static_cast<double>(Next() >> 11) * 0x1p-52 - 1.0; }

 private:
  uint64_t state_;
};

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
    const T value = next();
    std::memcpy(data + i * sizeof(T), &value, sizeof value);
  }
}

// One row. REQUIRES: zeroed memory.
void FillRow(DataType dtype, RowFill fill, uint64_t seed, size_t elements, unsigned char* data) {
  if (fill == RowFill::kZeros) return;
  Random random(seed * 8 + static_cast<uint64_t>(fill));
  const auto number = [&] {
    if (fill == RowFill::kNan) return std::numeric_limits<double>::quiet_NaN();
    if (fill == RowFill::kRandom) return 0.75 + 0.25 * random.Number();
    return random.Number() * (fill == RowFill::kLarge ? 1000.0 : 1.0);
  };
  const auto bit = [&] { return random.Next() >> 63; };
  switch (dtype) {
    case DataType::kFloat:
      return Fill<float>(data, elements, [&] { return static_cast<float>(number()); });
    case DataType::kDouble:
      return Fill<double>(data, elements, number);
    case DataType::kComplex64:
      return Fill<float>(data, 2 * elements, [&] { return static_cast<float>(number()); });
    case DataType::kComplex128:
      return Fill<double>(data, 2 * elements, number);
    case DataType::kHalf:
      return Fill<uint16_t>(data, elements, [&] { return ToHalf(static_cast<float>(number())); });
    case DataType::kBfloat16:
      return Fill<uint16_t>(data, elements,
                            [&] { return ToBfloat16(static_cast<float>(number())); });
    default:
      break;
  }
  const size_t size = ElementSize(dtype);
  for (size_t i = 0; i < elements; ++i) data[i * size] = static_cast<unsigned char>(bit());
}

// The shape to run with, and its elements; false when they would take more than `*budget` bytes, or
// are of no type that a request could carry.
bool PlanInput(const TensorInfo& info, int64_t rows, size_t* budget, Tensor* tensor) {
  tensor->dtype = BaseType(info.dtype);
  if (!IsServable(tensor->dtype)) return false;
  tensor->dims = info.unknown_rank ? std::vector<int64_t>{1} : info.dims;
  if (tensor->dims.size() > static_cast<size_t>(kMaxRank)) return false;
  const bool is_string = tensor->dtype == DataType::kString;
  const size_t element = is_string ? kStringBytes : ElementSize(tensor->dtype);
  size_t elements = 1;
  if (!tensor->dims.empty() && tensor->dims[0] < 0) tensor->dims[0] = rows;
  for (int64_t& dim : tensor->dims) {
    if (dim < 0) dim = 1;
    if (__builtin_mul_overflow(elements, static_cast<size_t>(dim), &elements)) return false;
  }
  if (elements > *budget / element) return false;
  *budget -= elements * element;
  tensor->elements = static_cast<int64_t>(elements);
  return true;
}

// `seed` tells the inputs of a signature apart.
Status MakeUp(const std::vector<RowFill>& rows, uint64_t seed, Tensor* tensor, TensorHandle* out) {
  const size_t elements = static_cast<size_t>(tensor->elements);
  if (tensor->dtype == DataType::kString) {
    tensor->strings.resize(elements);
    return ToTfTensor(tensor, out);
  }
  const size_t bytes = elements * ElementSize(tensor->dtype);
  if (!tensor->data.Resize(bytes)) return Status(Code::kResourceExhausted, "out of memory");
  if (bytes > 0) {
    auto* data = static_cast<unsigned char*>(static_cast<void*>(tensor->data.data()));
    std::memset(data, 0, bytes);
    const bool has_rows =
        !tensor->dims.empty() && tensor->dims[0] == static_cast<int64_t>(rows.size());
    const size_t count = has_rows ? rows.size() : 1;
    for (size_t row = 0; row < count; ++row) {
      FillRow(tensor->dtype, rows[row], seed, elements / count, data + row * (bytes / count));
    }
  }
  return ToTfTensor(tensor, out);
}

}  // namespace

bool MakeSyntheticInputs(const BoundSignature& signature, const std::vector<RowFill>& rows,
                         size_t max_bytes, SyntheticInputs* inputs) {
  std::vector<Tensor> tensors(signature.inputs.size());
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (signature.inputs[i].oper == nullptr) return false;
    if (signature.defaults[i] != nullptr) continue;
    if (!PlanInput(signature.def.inputs[i], static_cast<int64_t>(rows.size()), &max_bytes,
                   &tensors[i])) {
      return false;
    }
  }
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (signature.defaults[i] != nullptr) {
      inputs->values.push_back(signature.defaults[i].get());
      continue;
    }
    TensorHandle value;
    if (!MakeUp(rows, i, &tensors[i], &value).ok()) return false;
    inputs->values.push_back(value.get());
    inputs->owned.push_back(std::move(value));
  }
  return true;
}

bool HasRowsOfAnyNumber(const BoundSignature& signature) {
  for (size_t i = 0; i < signature.inputs.size(); ++i) {
    const TensorInfo& info = signature.def.inputs[i];
    if (signature.defaults[i] != nullptr || info.unknown_rank) return false;
    if (info.dims.empty() || info.dims[0] >= 0) return false;
  }
  return !signature.inputs.empty();
}

}  // namespace tensorgate

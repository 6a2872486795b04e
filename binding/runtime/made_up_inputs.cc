#include "runtime/made_up_inputs.h"

#include <cstring>
#include <utility>

#include "tf/tensor.h"

namespace tensorgate {
namespace {

// A string element as TensorFlow holds it.
constexpr size_t kStringBytes = sizeof(TF_TString);

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

// xorshift64: the same numbers in every process.
class Random {
 public:
  uint64_t Next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_;
  }

 private:
  uint64_t state_ = 0x9e3779b97f4a7c15ULL;
};

template <typename T, typename Element>
void FillWith(AlignedBuffer* data, size_t numbers, Element element) {
  for (size_t i = 0; i < numbers; ++i) {
    const T value = element();
    std::memcpy(data->data() + i * sizeof(T), &value, sizeof(T));
  }
}

// A float of any width in [0.5, 1) is one exponent with any fraction.
void FillRandom(DataType dtype, size_t elements, AlignedBuffer* data) {
  Random random;
  const auto bit = [&] { return random.Next() >> 40 & 1; };
  switch (dtype) {
    case DataType::kFloat:
    case DataType::kComplex64:
      return FillWith<uint32_t>(data, elements * (dtype == DataType::kFloat ? 1 : 2), [&] {
        return 0x3f000000u | static_cast<uint32_t>(random.Next() >> 41);
      });
    case DataType::kDouble:
    case DataType::kComplex128:
      return FillWith<uint64_t>(data, elements * (dtype == DataType::kDouble ? 1 : 2),
                                [&] { return uint64_t{0x3fe0000000000000} | random.Next() >> 12; });
    case DataType::kHalf:
      return FillWith<uint16_t>(
          data, elements, [&] { return static_cast<uint16_t>(0x3800 | random.Next() >> 54); });
    case DataType::kBfloat16:
      return FillWith<uint16_t>(
          data, elements, [&] { return static_cast<uint16_t>(0x3f00 | random.Next() >> 57); });
    case DataType::kInt64:
    case DataType::kUint64:
      return FillWith<uint64_t>(data, elements, bit);
    case DataType::kInt32:
    case DataType::kUint32:
      return FillWith<uint32_t>(data, elements, [&] { return static_cast<uint32_t>(bit()); });
    case DataType::kBool:
    case DataType::kInt8:
    case DataType::kUint8:
      return FillWith<uint8_t>(data, elements, [&] { return static_cast<uint8_t>(bit()); });
    default:  // stays zero
      return;
  }
}

Status MakeValue(Tensor* tensor, MadeUpValues kind, TensorHandle* out) {
  const size_t elements = static_cast<size_t>(tensor->elements);
  if (tensor->dtype == DataType::kString) {
    tensor->strings.resize(elements);
  } else {
    const size_t bytes = elements * ElementSize(tensor->dtype);
    if (!tensor->data.Resize(bytes)) return Status(Code::kResourceExhausted, "out of memory");
    if (bytes > 0) std::memset(tensor->data.data(), 0, bytes);
    if (kind == MadeUpValues::kRandom) FillRandom(tensor->dtype, elements, &tensor->data);
  }
  return ToTfTensor(tensor, out);
}

}  // namespace

bool MadeUpInputs::Make(const BoundSignature& signature, int64_t rows, size_t max_bytes,
                        MadeUpValues kind) {
  std::vector<Tensor> tensors(signature.inputs.size());
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (signature.inputs[i].oper == nullptr) return false;
    if (signature.defaults[i] != nullptr) continue;
    if (!PlanInput(signature.def.inputs[i], rows, &max_bytes, &tensors[i])) return false;
  }
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (signature.defaults[i] != nullptr) {
      values.push_back(signature.defaults[i].get());
      continue;
    }
    TensorHandle value;
    if (!MakeValue(&tensors[i], kind, &value).ok()) return false;
    values.push_back(value.get());
    owned.push_back(std::move(value));
  }
  return true;
}

}  // namespace tensorgate

#include "warmup/synthetic_inputs.h"

#include <algorithm>
#include <cstring>

#include "codec/limits.h"
#include "status/status.h"
#include "tensor/tensor.h"
#include "tf/tensor.h"

namespace tensorgate {
namespace {

// A string element as TensorFlow holds it.
constexpr size_t kStringBytes = sizeof(TF_TString);

class Maker {
 public:
  Maker(const std::vector<RowFill>& rows, const SyntheticSpec& spec, size_t max_bytes)
      : rows_(rows), size_(spec.size), opens_rows_(spec.opens_rows), bytes_left_(max_bytes) {}

  // False when it would take more than is left, or is of no type that a request could carry.
  // `seed` tells the inputs of a signature apart.
  bool Make(const TensorInfo& info, const InputHint& hint, uint64_t seed, TensorHandle* out) {
    Tensor tensor;
    if (!Plan(info, hint, &tensor)) return false;
    const bool has_rows =
        !tensor.dims.empty() && tensor.dims[0] == static_cast<int64_t>(rows_.size());
    const size_t count = has_rows ? rows_.size() : 1;
    const size_t elements = static_cast<size_t>(tensor.elements) / count;
    if (tensor.dtype == DataType::kString) {
      for (size_t row = 0; row < count; ++row) {
        if (!MakeStrings(hint, {rows_[row], seed, size_}, elements, &tensor)) return false;
      }
      return ToTfTensor(&tensor, out).ok();
    }
    const size_t bytes = elements * ElementSize(tensor.dtype);
    if (!tensor.data.Resize(count * bytes)) return false;
    if (count * bytes > 0) {
      auto* data = static_cast<unsigned char*>(static_cast<void*>(tensor.data.data()));
      std::memset(data, 0, count * bytes);
      for (size_t row = 0; row < count; ++row) {
        FillNumbers(tensor.dtype, hint, {rows_[row], seed, size_}, elements, data + row * bytes);
      }
    }
    return ToTfTensor(&tensor, out).ok();
  }

 private:
  // The shape to run with, and its elements.
  bool Plan(const TensorInfo& info, const InputHint& hint, Tensor* tensor) {
    tensor->dtype = BaseType(info.dtype);
    if (!IsServable(tensor->dtype)) return false;
    tensor->dims = info.dims;
    if (info.unknown_rank) tensor->dims = hint.has_dims ? hint.dims : std::vector<int64_t>{-1};
    if (tensor->dims.size() > static_cast<size_t>(kMaxRank)) return false;
    const bool is_string = tensor->dtype == DataType::kString;
    const size_t element = is_string ? kStringBytes : ElementSize(tensor->dtype);
    size_t elements = 1;
    for (size_t i = 0; i < tensor->dims.size(); ++i) {
      int64_t& dim = tensor->dims[i];
      if (i == 0 && (dim < 0 || opens_rows_)) dim = static_cast<int64_t>(rows_.size());
      if (dim < 0 && hint.dims.size() == tensor->dims.size()) dim = hint.dims[i];
      if (dim < 0) dim = size_;
      if (__builtin_mul_overflow(elements, static_cast<size_t>(dim), &elements)) return false;
    }
    if (elements > bytes_left_ / element) return false;
    bytes_left_ -= elements * element;
    tensor->elements = static_cast<int64_t>(elements);
    return true;
  }

  bool MakeStrings(const InputHint& hint, SyntheticRow row, size_t elements, Tensor* tensor) {
    row.seed = row.seed * 8 + static_cast<uint64_t>(row.fill);
    for (size_t i = 0; i < elements; ++i) {
      std::string& text = tensor->owned_strings.emplace_back();
      if (!MakeString(hint, row, bytes_left_, &text)) return false;
      bytes_left_ -= text.size();
      tensor->strings.push_back(text);
      ++row.seed;
    }
    return true;
  }

  const std::vector<RowFill>& rows_;
  const int size_;
  const bool opens_rows_;
  size_t bytes_left_;
};

}  // namespace

bool MakeSyntheticInputs(const Signature& signature, const std::vector<RowFill>& rows,
                         size_t max_bytes, SyntheticInputs* inputs) {
  static const InputHint kNothing;
  const SyntheticSpec* spec = signature.synthetic.get();
  Maker maker(rows, spec == nullptr ? SyntheticSpec() : *spec, max_bytes);
  for (size_t i = 0; i < signature.inputs.size(); ++i) {
    if (signature.inputs[i].oper == nullptr) return false;
    if (signature.defaults[i] != nullptr) {
      inputs->values.push_back(signature.defaults[i].get());
      continue;
    }
    TensorHandle value;
    const InputHint& hint = spec == nullptr ? kNothing : spec->hints[i];
    if (!maker.Make(signature.def.inputs[i], hint, i, &value)) return false;
    inputs->values.push_back(value.get());
    inputs->owned.push_back(std::move(value));
  }
  return true;
}

bool HasRowsOfAnyNumber(const Signature& signature) {
  for (size_t i = 0; i < signature.inputs.size(); ++i) {
    const TensorInfo& info = signature.def.inputs[i];
    if (signature.defaults[i] != nullptr || info.unknown_rank) return false;
    if (info.dims.empty() || info.dims[0] >= 0) return false;
  }
  return !signature.inputs.empty();
}

bool HaveElements(const std::vector<TensorHandle>& outputs) {
  return std::any_of(outputs.begin(), outputs.end(), [](const TensorHandle& output) {
    return TF_TensorElementCount(output.get()) > 0;
  });
}

}  // namespace tensorgate

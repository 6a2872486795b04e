#include "cache/kept_outputs.h"

#include <atomic>
#include <cstring>

namespace tensorgate {
namespace {

std::atomic<int64_t> live_outputs{0};

size_t NumberBytes(const TensorView& output) {
  return static_cast<size_t>(output.elements) * ElementSize(output.dtype);
}

size_t StringBytes(const TensorView& output) {
  size_t bytes = 0;
  for (int64_t i = 0; i < output.elements; ++i) {
    bytes += output.string_at(output.data, i).size();
  }
  return bytes;
}

}  // namespace

KeptOutputs::KeptOutputs() { live_outputs.fetch_add(1, std::memory_order_relaxed); }
KeptOutputs::~KeptOutputs() { live_outputs.fetch_sub(1, std::memory_order_relaxed); }
int64_t KeptOutputs::LiveCount() { return live_outputs.load(std::memory_order_relaxed); }

std::string_view KeptOutputs::Strings::At(const void* strings, int64_t index) {
  const auto* const kept = static_cast<const Strings*>(strings);
  const auto i = static_cast<size_t>(index);
  const size_t begin = i == 0 ? 0 : kept->ends[i - 1];
  return std::string_view(kept->bytes).substr(begin, kept->ends[i] - begin);
}

size_t KeptOutputs::BytesOf(const std::vector<TensorView>& outputs) {
  size_t bytes = sizeof(KeptOutputs);
  for (const TensorView& output : outputs) {
    if (!IsServable(output.dtype)) return SIZE_MAX;
    bytes += sizeof(Kept) + sizeof(TensorView) + static_cast<size_t>(output.rank) * sizeof(int64_t);
    if (output.dtype == DataType::kString) {
      bytes += static_cast<size_t>(output.elements) * sizeof(size_t) + StringBytes(output);
    } else {
      bytes += NumberBytes(output) + 2 * AlignedBuffer::kAlignment;
    }
  }
  return bytes;
}

std::shared_ptr<const KeptOutputs> KeptOutputs::CopyOf(const std::vector<TensorView>& outputs) {
  auto copy = std::make_shared<KeptOutputs>();
  copy->bytes_ = BytesOf(outputs);
  copy->kept_.resize(outputs.size());
  copy->views_.reserve(outputs.size());
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!copy->Copy(outputs[i], &copy->kept_[i])) return nullptr;
  }
  return copy;
}

bool KeptOutputs::Copy(const TensorView& output, Kept* kept) {
  kept->dims.assign(output.dims, output.dims + output.rank);
  TensorView view = output;
  view.dims = kept->dims.data();
  if (output.dtype == DataType::kString) {
    Strings& strings = kept->strings;
    strings.ends.reserve(static_cast<size_t>(output.elements));
    strings.bytes.reserve(StringBytes(output));
    for (int64_t i = 0; i < output.elements; ++i) {
      strings.bytes.append(output.string_at(output.data, i));
      strings.ends.push_back(strings.bytes.size());
    }
    view.data = &strings;
    view.string_at = &Strings::At;
  } else {
    const size_t bytes = NumberBytes(output);
    if (!kept->numbers.Resize(bytes > 0 ? bytes : 1)) return false;
    if (bytes > 0) std::memcpy(kept->numbers.data(), output.data, bytes);
    view.data = kept->numbers.data();
  }
  views_.push_back(view);
  return true;
}

}  // namespace tensorgate

// Whatever a client may send as a PredictRequest: parse it, decode its tensors under small limits,
// write them in both forms and read them back equal. One thread.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

#include "codec/proto/predict_proto.h"
#include "decoded_view.h"

namespace {

using tensorgate::Tensor;
using tensorgate::ViewOf;

void Check(bool ok) {
  if (!ok) std::abort();
}

bool IsSubByteInteger(tensorgate::DataType dtype) {
  return dtype >= tensorgate::DataType::kInt4 && dtype <= tensorgate::DataType::kUint2;
}

void CheckReadsBack(const Tensor& tensor, bool as_content) {
  tensorgate::OutputBuffer out;
  Check(tensorgate::EncodeTensorProto(ViewOf(tensor), as_content, &out).ok());
  tensorgate::DecodeBudget budget{tensorgate::DecodeLimits()};
  Tensor again;
  Check(tensorgate::DecodeTensorProto(out.view(), &budget, &again).ok());
  Check(budget.filled_bytes == tensorgate::DecodeLimits().max_filled_bytes);
  Check(again.dtype == tensor.dtype && again.dims == tensor.dims);
  Check(again.elements == tensor.elements && again.strings == tensor.strings);
  Check(again.data.size() == tensor.data.size());
  // The upper bits of a sub-byte element mean nothing and are not written.
  if (IsSubByteInteger(tensor.dtype) && !as_content) return;
  Check(tensor.data.size() == 0 ||
        std::memcmp(again.data.data(), tensor.data.data(), tensor.data.size()) == 0);
}

void DecodeOne(std::string_view bytes, tensorgate::DecodeBudget* budget) {
  const size_t had = budget->tensor_bytes;
  Tensor tensor;
  if (!tensorgate::DecodeTensorProto(bytes, budget, &tensor).ok()) return;
  Check(tensor.data.size() <= had - budget->tensor_bytes);
  CheckReadsBack(tensor, false);
  CheckReadsBack(tensor, true);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  tensorgate::DecodeLimits limits;
  limits.max_filled_bytes = size_t{1} << 16;
  limits.max_tensor_bytes = size_t{1} << 18;

  tensorgate::ModelSpecView spec;
  const bool spec_ok = tensorgate::ReadModelSpec(body, &spec).ok();
  tensorgate::PredictRequestView request;
  if (tensorgate::ParsePredictRequest(body, &request).ok()) {
    Check(spec_ok);
    Check(spec.name == request.model_spec.name && spec.version == request.model_spec.version);
    Check(!(spec.has_version && spec.has_label));
    tensorgate::DecodeBudget budget(limits);
    for (const auto& input : request.inputs) DecodeOne(input.second, &budget);
  }
  // The bytes as a bare TensorProto too: mutation finds its way in sooner.
  tensorgate::DecodeBudget budget(limits);
  DecodeOne(body, &budget);
  return 0;
}

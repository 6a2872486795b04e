// Whatever a client may send as a SessionRunRequest: parse it, decode its tensors under small
// limits, write the tensors as a response under a small limit. One thread.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "codec/proto/session_run_proto.h"
#include "decoded_view.h"

namespace {

void Check(bool ok) {
  if (!ok) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  tensorgate::SessionRunRequestView request;
  if (!tensorgate::ParseSessionRunRequest(body, &request).ok()) return 0;
  Check(request.feeds.size() <= tensorgate::kMaxSessionRunNames);
  Check(request.fetches.size() <= tensorgate::kMaxSessionRunNames);
  Check(request.targets.size() <= tensorgate::kMaxSessionRunNames);

  tensorgate::DecodeLimits limits;
  limits.max_filled_bytes = size_t{1} << 16;
  limits.max_tensor_bytes = size_t{1} << 18;
  tensorgate::DecodeBudget budget(limits);
  std::vector<tensorgate::Tensor> tensors;
  std::vector<std::string_view> names;
  for (const auto& [name, proto] : request.feeds) {
    tensorgate::Tensor tensor;
    if (!tensorgate::DecodeTensorProto(proto, &budget, &tensor).ok()) continue;
    names.push_back(name);
    tensors.push_back(std::move(tensor));
  }
  std::vector<tensorgate::NamedTensorView> views;
  for (size_t i = 0; i < tensors.size(); ++i)
    views.push_back({names[i], tensorgate::ViewOf(tensors[i])});
  constexpr size_t kMaxBytes = size_t{1} << 16;
  tensorgate::OutputBuffer out;
  const tensorgate::Status status = tensorgate::EncodeSessionRunResponse(
      request.model_spec.name, request.model_spec.version, request.model_spec.signature_name, views,
      kMaxBytes, &out);
  Check(status.ok() ? out.size() <= kMaxBytes : out.size() == 0);
  return 0;
}

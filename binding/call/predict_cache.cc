// What a Predict has to do with its version's cache. Any thread, one at a time.
#include <algorithm>
#include <utility>

#include "call/predict.h"
#include "tf/tensor.h"

namespace tensorgate {

// In the signature's order, whatever the request's is. False: one that is to count is none of the
// signature's, so that nothing says which requests are equal.
bool PredictCall::AddInputs(const CacheSettings& settings, RequestKeyBuilder* key) const {
  const std::vector<TensorInfo>& declared = signature_->def.inputs;
  const auto is_alias = [&](const std::string& name) {
    return std::any_of(declared.begin(), declared.end(),
                       [&](const TensorInfo& input) { return input.alias == name; });
  };
  if (!std::all_of(settings.key.begin(), settings.key.end(), is_alias)) return false;
  for (size_t i = 0; i < declared.size(); ++i) {
    const bool counts = settings.key.empty() || std::find(settings.key.begin(), settings.key.end(),
                                                          declared[i].alias) != settings.key.end();
    if (!counts) continue;
    for (size_t fed = 0; fed < run_.feeds.size(); ++fed) {
      if (run_.feeds[fed].oper != signature_->inputs[i].oper ||
          run_.feeds[fed].index != signature_->inputs[i].index) {
        continue;
      }
      std::vector<int64_t> dims;
      key->Add(i);
      key->Add(ViewOf(run_.values[fed], &dims));
    }
  }
  return true;
}

std::shared_ptr<Flight> PredictCall::FindAnswer(RunBy by) {
  if (flight_ != nullptr) {
    if (!flight_->has_ended()) return flight_;
    answer_ = flight_->answer();
    flight_.reset();
  }
  const CacheSettings* const settings = model_->cache().settings();
  if (settings == nullptr || std::exchange(has_asked_, true) || cache_use() == CacheUse::kNone ||
      !signature_->not_repeatable.empty()) {
    return nullptr;
  }
  RequestKeyBuilder key(input_bytes_ + 256);
  key.Add(static_cast<uint64_t>(signature_ - model_->signatures().data()));
  key.Add(run_.fetches.size());
  for (const Endpoint& fetch : run_.fetches) {
    key.Add(reinterpret_cast<uintptr_t>(fetch.oper));
    key.Add(static_cast<uint64_t>(fetch.index));
  }
  if (!AddInputs(*settings, &key)) return nullptr;
  ResponseCache::Found found =
      model_->cache().Find(key.Take(), by, cache_use() == CacheUse::kRefresh);
  answer_ = std::move(found.answer);
  lead_ = std::move(found.lead);
  flight_ = std::move(found.flight);
  return flight_;
}

void PredictCall::KeepForOthers(const std::vector<TensorHandle>& outputs) {
  std::vector<std::vector<int64_t>> dims(outputs.size());
  std::vector<TensorView> views(outputs.size());
  for (size_t i = 0; i < outputs.size(); ++i) views[i] = ViewOf(outputs[i].get(), &dims[i]);
  lead_->Keep(views);
}

}  // namespace tensorgate

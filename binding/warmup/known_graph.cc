#include "warmup/known_graph.h"

#include <iterator>

#include "model/run_effects.h"

namespace tensorgate {

std::shared_ptr<const KnownGraph> LearnFrom(const SavedModel& model,
                                            std::optional<RowPolicy> row_policy,
                                            std::vector<SignatureRows> rows) {
  auto known = std::make_shared<KnownGraph>();
  for (const Signature& signature : model.signatures()) {
    for (const std::vector<TF_Output>* endpoints : {&signature.inputs, &signature.outputs}) {
      for (const TF_Output& each : *endpoints) known->endpoints.push_back(each.oper != nullptr);
    }
    known->synthetic.push_back(signature.synthetic);
  }
  known->not_repeatable = RepeatableOf(model);
  known->row_policy = row_policy;
  known->rows = std::move(rows);
  return known;
}

KnownGraphs& KnownGraphs::Get() {
  static auto* const known = new KnownGraphs();  // never ends: worker threads may outlive main()
  return *known;
}

std::shared_ptr<const KnownGraph> KnownGraphs::Find(const std::string& model,
                                                    const std::string& graph) {
  MutexLock lock(&mutex_);
  const auto found = known_.find({model, graph});
  return found == known_.end() ? nullptr : found->second.lock();
}

void KnownGraphs::Add(const std::string& model, const std::string& graph,
                      const std::shared_ptr<const KnownGraph>& known) {
  MutexLock lock(&mutex_);
  for (auto each = known_.begin(); each != known_.end();) {
    each = each->second.expired() ? known_.erase(each) : std::next(each);
  }
  known_[{model, graph}] = known;
}

}  // namespace tensorgate

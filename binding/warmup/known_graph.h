// KnownGraph: what loads have found out about a graph, whatever its weights are, for the versions
// of it that come later. It lives as long as a loaded version of it does. Any thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pool/mutex.h"
#include "warmup/row_independence.h"
#include "warmup/synthetic_inputs.h"

namespace tensorgate {

struct KnownGraph {
  // Of each input of a signature, then of each output, in their order: whether the graph has it.
  std::vector<bool> endpoints;
  std::vector<std::shared_ptr<SyntheticSpec>> synthetic;  // as the signatures; null: nothing known
  std::vector<std::string> not_repeatable;  // as the signatures: Signature::not_repeatable
  std::optional<RowPolicy> row_policy;      // that `rows` came about by; none: no rows
  std::vector<SignatureRows> rows;          // as the signatures, after their trial
};

// Of a model that is loaded. `rows`: as the signatures, after their trial.
std::shared_ptr<const KnownGraph> LearnFrom(const SavedModel& model,
                                            std::optional<RowPolicy> row_policy,
                                            std::vector<SignatureRows> rows);

// Of the whole process, by the model's name and the graph's fingerprint.
class KnownGraphs {
 public:
  static KnownGraphs& Get();

  // Null where nothing is known.
  std::shared_ptr<const KnownGraph> Find(const std::string& model, const std::string& graph);
  void Add(const std::string& model, const std::string& graph,
           const std::shared_ptr<const KnownGraph>& known);

 private:
  Mutex mutex_;
  std::map<std::pair<std::string, std::string>, std::weak_ptr<const KnownGraph>> known_
      GUARDED_BY(mutex_);
};

}  // namespace tensorgate

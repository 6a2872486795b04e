#include "plan/trial_cases.h"

#include <utility>

#include "runtime/warmup.h"

namespace tensorgate {
namespace {

constexpr size_t kMaxRequests = 8;
constexpr size_t kMaxSignatures = 8;
constexpr size_t kMaxInputBytes = size_t{64} << 20;

}  // namespace

std::vector<TrialCase> MakeTrialCases(const SavedModel& model, const std::string& path,
                                      bool synthetic) {
  std::vector<TrialCase> cases;
  std::vector<std::unique_ptr<InferenceCall>> calls;
  const bool has_file = ReadWarmupCalls(model, path, kMaxRequests, &calls);
  for (std::unique_ptr<InferenceCall>& call : calls) {
    const RunArguments* arguments = call->arguments();
    if (arguments == nullptr || arguments->fetches.empty()) continue;
    TrialCase& made = cases.emplace_back();
    made.feeds = arguments->feeds;
    made.values = arguments->values;
    made.fetches = arguments->fetches;
    made.call = std::move(call);
  }
  // A file without records is a file: nothing is made up beside it.
  if (has_file || !synthetic) return cases;
  size_t signatures = 0;
  for (const BoundSignature* signature : model.SignaturesInOrder()) {
    if (!signature->has_outputs() || ++signatures > kMaxSignatures) continue;
    for (const RowFill fill : {RowFill::kRandom, RowFill::kZeros}) {
      TrialCase made;
      if (!MakeSyntheticInputs(*signature, {fill}, kMaxInputBytes, &made.synthetic)) continue;
      made.feeds = signature->inputs;
      made.values = made.synthetic.values;
      made.fetches = signature->outputs;
      cases.push_back(std::move(made));
    }
  }
  return cases;
}

}  // namespace tensorgate

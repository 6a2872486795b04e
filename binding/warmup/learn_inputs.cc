// LearnInputs(): see synthetic_inputs.h.
#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

#include "graph/graph_def.h"
#include "model/model_graph.h"
#include "model/quiet_runs.h"
#include "warmup/synthetic_inputs.h"

namespace tensorgate {
namespace {

using Clock = std::chrono::steady_clock;

// What networks for images and sounds ask for at least, ever larger.
constexpr int kSizes[] = {1, 8, 32, 64, 128, 224, 299, 512};

// A vocabulary lies in the version's assets, whatever path the graph had when it was saved.
bool ReadAsset(const std::string& folder, const std::string& saved_path, std::string* text) {
  constexpr size_t kMost = size_t{64} << 10;
  const std::string name = saved_path.substr(saved_path.rfind('/') + 1);
  std::ifstream file(folder + "/assets/" + name, std::ios::binary);
  if (name.empty() || !file) return false;
  text->resize(kMost);
  file.read(text->data(), static_cast<std::streamsize>(kMost));
  text->resize(static_cast<size_t>(file.gcount()));
  if (text->size() < kMost && !text->empty() && text->back() != '\n') text->push_back('\n');
  return true;
}

bool HasSize(const Signature& signature, const SyntheticSpec& spec) {
  for (size_t i = 0; i < signature.inputs.size(); ++i) {
    const TensorInfo& info = signature.def.inputs[i];
    const InputHint& hint = spec.hints[i];
    if (signature.defaults[i] != nullptr) continue;
    if (hint.has_size()) return true;
    std::vector<int64_t> dims = info.dims;
    if (info.unknown_rank) dims = hint.dims;
    for (size_t at = 1; at < dims.size(); ++at) {
      const bool is_hinted = hint.dims.size() == dims.size() && hint.dims[at] >= 0;
      if (dims[at] < 0 && !is_hinted) return true;
    }
  }
  return false;
}

// Empty outputs count as less than some, and as more than an error.
class SizeSearch {
 public:
  SizeSearch(const SavedModel& model, const Signature& signature, const LearningLimits& limits,
             Clock::time_point deadline)
      : model_(model), signature_(signature), limits_(limits), deadline_(deadline) {}

  void Run() const {
    SyntheticSpec& spec = *signature_.synthetic;
    int runs_without_elements = 0;
    for (const int size : kSizes) {
      spec.size = size;
      bool has_elements = false;
      if (!RunOnce(&has_elements)) continue;
      if (has_elements) return;
      if (runs_without_elements == 0) runs_without_elements = size;
    }
    spec.size = std::max(1, runs_without_elements);
  }

 private:
  bool RunOnce(bool* has_elements) const {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Clock::now());
    SyntheticInputs inputs;
    if (left.count() <= 0 || IsStopped(limits_.stop) ||
        !MakeSyntheticInputs(signature_, {RowFill::kRandom}, limits_.max_input_bytes, &inputs)) {
      return false;
    }
    const QuietRuns quiet;
    std::vector<TensorHandle> outputs;
    const Status status = model_.RunTargets(signature_.inputs, inputs.values, signature_.outputs,
                                            {}, static_cast<uint32_t>(left.count()), &outputs);
    *has_elements = HaveElements(outputs);
    return status.ok();
  }

  const SavedModel& model_;
  const Signature& signature_;
  const LearningLimits& limits_;
  const Clock::time_point deadline_;
};

}  // namespace

void LearnInputs(const std::string& path, const LearningLimits& limits, SavedModel* model) {
  const auto deadline = Clock::now() + limits.time;
  std::string bytes;
  GraphDef graph;
  if (!SerializeWithoutWeights(model->graph(), &bytes).ok() || !ReadGraphDef(bytes, &graph).ok()) {
    return;
  }
  InputHints hints(graph, [&](const std::string& saved_path, std::string* text) {
    return ReadAsset(path, saved_path, text);
  });
  size_t searched = 0;
  for (const Signature* signature : model->SignaturesInOrder()) {
    auto spec = std::make_shared<SyntheticSpec>();
    std::vector<std::string_view> fetched;
    for (const TF_Output& output : signature->outputs) {
      if (output.oper != nullptr) fetched.push_back(TF_OperationName(output.oper));
    }
    for (const TF_Output& input : signature->inputs) {
      InputHint& hint = spec->hints.emplace_back();
      if (input.oper == nullptr) continue;
      hint = hints.Of(TF_OperationName(input.oper), input.index, fetched);
    }
    model->SetSynthetic(*signature, spec);
    if (!HasSize(*signature, *spec) || !signature->has_outputs() ||
        !signature->changed_by.empty() || ++searched > limits.max_signatures) {
      continue;
    }
    SizeSearch(*model, *signature, limits, deadline).Run();
  }
}

}  // namespace tensorgate

#include "warmup/row_trial.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "batch/batch_tensor.h"
#include "status/violation.h"
#include "tensor/float_numbers.h"
#include "tf/tensor.h"
#include "warmup/synthetic_inputs.h"

namespace tensorgate {
namespace {

using Clock = std::chrono::steady_clock;

// Of the largest magnitude among a row's elements.
constexpr double kTolerance = 1e-3;
constexpr double kShortTolerance = 3e-2;  // half, bfloat16
// Runs are repeated for their time as long as it stays within this.
constexpr std::chrono::milliseconds kTiming{10};
constexpr int kMaxTimedRuns = 16;

bool SameShape(const TensorView& a, const TensorView& b) {
  return a.dtype == b.dtype && a.rank == b.rank && std::equal(a.dims, a.dims + a.rank, b.dims);
}

bool SameBits(const TensorView& a, const TensorView& b) {
  if (!SameShape(a, b)) return false;
  if (a.dtype == DataType::kString) {
    for (int64_t i = 0; i < a.elements; ++i) {
      if (a.string_at(a.data, i) != b.string_at(b.data, i)) return false;
    }
    return true;
  }
  const size_t bytes = static_cast<size_t>(a.elements) * ElementSize(a.dtype);
  return bytes == 0 || std::memcmp(a.data, b.data, bytes) == 0;
}

bool Close(const TensorView& a, const TensorView& b) {
  const NumberAt at = NumberAtOf(a.dtype);
  if (at == nullptr) return SameBits(a, b);
  if (!SameShape(a, b)) return false;
  const size_t elements = static_cast<size_t>(a.elements);
  double largest = 0;
  for (size_t i = 0; i < elements; ++i) {
    const double size = std::fabs(at(a.data, i));
    if (std::isfinite(size)) largest = std::max(largest, size);
  }
  const bool is_short = ElementSize(a.dtype) == 2;
  const double tolerance = largest * (is_short ? kShortTolerance : kTolerance);
  for (size_t i = 0; i < elements; ++i) {
    const double left = at(a.data, i);
    const double right = at(b.data, i);
    if (std::isnan(left) && std::isnan(right)) continue;
    // Infinities have no difference.
    if (left != right && !(std::fabs(left - right) <= tolerance)) return false;
  }
  return true;
}

class RowTrial {
 public:
  RowTrial(const Servable& model, const Signature& signature, size_t max_input_bytes)
      : model_(model), signature_(signature), max_input_bytes_(max_input_bytes) {}

  // Nothing is said against what was assumed.
  void Run(SignatureRows* result) {
    const std::string difference = Compare();
    if (result->is_proven && !difference.empty()) result->refusal = difference;
    if (!has_run_ || !result->refusal.empty()) return;
    result->one_row = Fastest(alone_);
    result->two_rows = Fastest(pair_);
  }

 private:
  using Outputs = std::vector<TensorHandle>;

  // What says that rows depend on each other; empty where nothing does, or nothing could be run.
  std::string Compare() {
    Outputs pair, alone;
    if (!MakeUp({RowFill::kRandom, RowFill::kOtherRandom}, &pair_) ||
        !MakeUp({RowFill::kRandom}, &alone_) || !RunOn(pair_, &pair).ok() ||
        !RunOn(alone_, &alone).ok()) {
      return "";
    }
    has_run_ = true;
    for (size_t i = 0; i < pair.size(); ++i) {
      if (TF_NumDims(pair[i].get()) == 0 || TF_Dim(pair[i].get(), 0) != 2) {
        return "output " + Quoted(signature_.def.outputs[i].alias) +
               " has no row for each input row";
      }
    }
    const std::string unlike = Unlike(pair, alone, 0, 1, &Close);
    if (!unlike.empty()) return unlike + " differs when its row is alone";
    // NaN or large numbers may be an error of their own.
    Outputs tainted, large;
    const bool has_tainted = RunOn({RowFill::kRandom, RowFill::kNan}, &tainted);
    const bool has_large = RunOn({RowFill::kLarge, RowFill::kOtherRandom}, &large);
    std::string mixed;
    if (has_tainted) mixed = Unlike(pair, tainted, 0, 2, &SameBits);
    if (has_large && mixed.empty()) mixed = Unlike(pair, large, 1, 2, &SameBits);
    return mixed.empty() ? "" : mixed + " depends on other rows";
  }

  // The first output whose row `row` is not the same in both; `rows` are those of `other`.
  std::string Unlike(const Outputs& outputs, const Outputs& other, int64_t row, int64_t rows,
                     bool (*same)(const TensorView&, const TensorView&)) const {
    for (size_t i = 0; i < outputs.size(); ++i) {
      std::vector<int64_t> dims[4];
      const TensorView whole = ViewOf(outputs[i].get(), &dims[0]);
      const TensorView other_whole = ViewOf(other[i].get(), &dims[1]);
      const bool is_same =
          other_whole.rank > 0 && other_whole.dims[0] == rows &&
          same(RowsOf(whole, row, 1, &dims[2]), RowsOf(other_whole, row, 1, &dims[3]));
      if (!is_same) return "output " + Quoted(signature_.def.outputs[i].alias);
    }
    return "";
  }

  bool MakeUp(const std::vector<RowFill>& rows, SyntheticInputs* inputs) const {
    return MakeSyntheticInputs(signature_, rows, max_input_bytes_, inputs);
  }

  bool RunOn(const std::vector<RowFill>& rows, Outputs* outputs) const {
    SyntheticInputs inputs;
    return MakeUp(rows, &inputs) && RunOn(inputs, outputs).ok();
  }

  Status RunOn(const SyntheticInputs& inputs, Outputs* outputs) const {
    return model_.Run(signature_.inputs, inputs.values, signature_.outputs, outputs);
  }

  std::chrono::nanoseconds Fastest(const SyntheticInputs& inputs) const {
    auto fastest = std::chrono::nanoseconds::max();
    const auto end = Clock::now() + kTiming;
    for (int i = 0; i < kMaxTimedRuns; ++i) {
      Outputs outputs;
      const auto started = Clock::now();
      if (!RunOn(inputs, &outputs).ok()) return std::chrono::nanoseconds(0);
      const auto ended = Clock::now();
      fastest = std::min<std::chrono::nanoseconds>(fastest, ended - started);
      if (ended >= end) break;
    }
    return fastest;
  }

  const Servable& model_;
  const Signature& signature_;
  const size_t max_input_bytes_;
  SyntheticInputs pair_, alone_;
  bool has_run_ = false;
};

}  // namespace

void RunRowTrial(const RowTrialLimits& limits, Servable* model,
                 std::vector<SignatureRows>* results) {
  const auto deadline = Clock::now() + limits.time;
  size_t tried = 0;
  for (size_t i = 0; i < results->size(); ++i) {
    SignatureRows& result = (*results)[i];
    if (!result.refusal.empty()) continue;
    if (tried < limits.max_signatures && Clock::now() < deadline && !IsStopped(limits.stop)) {
      ++tried;
      RowTrial(*model, model->signatures()[i], limits.max_input_bytes).Run(&result);
    }
  }
  TakeRows(*results, limits.only_proven_share, model);
}

void TakeRows(const std::vector<SignatureRows>& results, bool only_proven_share, Servable* model) {
  if (only_proven_share) model->RequireProvenRows();
  for (size_t i = 0; i < results.size(); ++i) {
    if (results[i].refusal.empty()) model->ProveRows(i);
  }
}

}  // namespace tensorgate

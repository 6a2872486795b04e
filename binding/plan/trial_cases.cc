#include "plan/trial_cases.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>

#include "tf/output_order.h"
#include "warmup/warmup.h"

namespace tensorgate {
namespace {

constexpr size_t kMaxRequests = 8;
constexpr size_t kMaxSignatures = 8;
// Without rows, sequences of several steps may fail where those of one do not.
constexpr int64_t kOpenSize = 4;
constexpr size_t kMaxInputBytes = size_t{64} << 20;

bool IsSame(const TF_Output& a, const TF_Output& b) {
  return a.oper == b.oper && a.index == b.index;
}

bool AreSame(const std::vector<TF_Output>& a, const std::vector<TF_Output>& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), &IsSame);
}

bool HasRows(const TensorInfo& info) {
  return info.unknown_rank || (!info.dims.empty() && info.dims[0] < 0);
}

// What a signature says of the input; null: none has it.
const TensorInfo* InfoOf(const SavedModel& model, const TF_Output& feed) {
  for (const Signature& signature : model.signatures()) {
    for (size_t i = 0; i < signature.inputs.size(); ++i) {
      if (IsSame(signature.inputs[i], feed)) return &signature.def.inputs[i];
    }
  }
  return nullptr;
}

std::vector<int64_t> DimsOf(const TF_Tensor* tensor) {
  std::vector<int64_t> dims;
  for (int i = 0; i < TF_NumDims(tensor); ++i) dims.push_back(TF_Dim(tensor, i));
  return dims;
}

TensorHandle Allocate(const TF_Tensor* like, const std::vector<int64_t>& dims, size_t bytes) {
  return TensorHandle(
      TF_AllocateTensor(TF_TensorType(like), dims.data(), static_cast<int>(dims.size()), bytes));
}

// Of that size in the other dimensions that the signature leaves open; 0: as they are. Null where
// it has rows in any case.
TensorHandle WithoutRows(const TF_Tensor* tensor, const TensorInfo* info, int64_t open_size) {
  std::vector<int64_t> dims = DimsOf(tensor);
  if (info == nullptr || !HasRows(*info) || dims.empty()) return nullptr;
  dims[0] = 0;
  for (size_t i = 1; open_size > 0 && i < dims.size() && i < info->dims.size(); ++i) {
    if (info->dims[i] < 0) dims[i] = open_size;
  }
  return Allocate(tensor, dims, 0);
}

template <typename T>
void Fill(T value, TF_Tensor* tensor) {
  auto* data = static_cast<unsigned char*>(TF_TensorData(tensor));
  for (size_t at = 0; at + sizeof(T) <= TF_TensorByteSize(tensor); at += sizeof(T)) {
    std::memcpy(data + at, &value, sizeof(T));
  }
}

// Null where the type has no NaN.
TensorHandle WithNan(const TF_Tensor* tensor) {
  const TF_DataType dtype = TF_TensorType(tensor);
  if (dtype != TF_FLOAT && dtype != TF_DOUBLE && dtype != TF_HALF && dtype != TF_BFLOAT16) {
    return nullptr;
  }
  TensorHandle nan = Allocate(tensor, DimsOf(tensor), TF_TensorByteSize(tensor));
  if (nan == nullptr) return nullptr;
  if (dtype == TF_FLOAT) Fill(std::numeric_limits<float>::quiet_NaN(), nan.get());
  if (dtype == TF_DOUBLE) Fill(std::numeric_limits<double>::quiet_NaN(), nan.get());
  if (dtype == TF_HALF) Fill(uint16_t{0x7e00}, nan.get());
  if (dtype == TF_BFLOAT16) Fill(uint16_t{0x7fc0}, nan.get());
  return nan;
}

class TrialCases {
 public:
  explicit TrialCases(const SavedModel& model) : model_(model) {}

  void Add(TrialCase given) {
    const bool is_new = std::none_of(cases_.begin(), cases_.end(), [&](const TrialCase& each) {
      return AreSame(each.feeds, given.feeds) && AreSame(each.fetches, given.fetches);
    });
    cases_.push_back(std::move(given));
    if (!is_new) return;
    firsts_.push_back(cases_.size() - 1);
    AddVariant(TrialCaseKind::kNoRows, firsts_.back());
    if (LeavesOpen(cases_[firsts_.back()])) {
      AddVariant(TrialCaseKind::kNoRows, firsts_.back(), kOpenSize);
    }
  }

  void AddSynthetic(const Signature& signature, const std::vector<RowFill>& rows) {
    TrialCase made;
    if (!MakeSyntheticInputs(signature, rows, kMaxInputBytes, &made.synthetic)) return;
    made.feeds = signature.inputs;
    made.values = made.synthetic.values;
    made.fetches = signature.outputs;
    Add(std::move(made));
  }

  std::vector<TrialCase> Take() {
    for (const size_t first : firsts_) AddVariant(TrialCaseKind::kNan, first);
    return std::move(cases_);
  }

 private:
  // Whether an input has an open dimension besides its rows.
  bool LeavesOpen(const TrialCase& given) const {
    return std::any_of(given.feeds.begin(), given.feeds.end(), [&](const TF_Output& feed) {
      const TensorInfo* info = InfoOf(model_, feed);
      return info != nullptr && !info->dims.empty() &&
             std::any_of(info->dims.begin() + 1, info->dims.end(),
                         [](int64_t size) { return size < 0; });
    });
  }

  // The same run with other values, where some can be others.
  void AddVariant(TrialCaseKind kind, size_t of, int64_t open_size = 0) {
    TrialCase variant;
    variant.kind = kind;
    variant.feeds = cases_[of].feeds;
    variant.values = cases_[of].values;
    variant.fetches = cases_[of].fetches;
    for (size_t i = 0; i < variant.feeds.size(); ++i) {
      TensorHandle changed =
          kind == TrialCaseKind::kNan
              ? WithNan(variant.values[i])
              : WithoutRows(variant.values[i], InfoOf(model_, variant.feeds[i]), open_size);
      if (changed == nullptr) continue;
      variant.values[i] = changed.get();
      variant.changed.push_back(std::move(changed));
    }
    if (!variant.changed.empty()) cases_.push_back(std::move(variant));
  }

  const SavedModel& model_;
  std::vector<TrialCase> cases_;
  std::vector<size_t> firsts_;  // cases that feed and fetch what none before them does
};

}  // namespace

std::vector<TrialCase> MakeTrialCases(const SavedModel& model, const std::string& path,
                                      bool synthetic) {
  TrialCases cases(model);
  std::vector<std::unique_ptr<InferenceCall>> calls;
  const bool has_file = ReadWarmupCalls(model, path, kMaxRequests, &calls);
  for (std::unique_ptr<InferenceCall>& call : calls) {
    const RunArguments* arguments = call->arguments();
    if (arguments == nullptr || arguments->fetches.empty()) continue;
    TrialCase made;
    made.feeds = arguments->feeds;
    made.values = arguments->values;
    made.fetches = arguments->fetches;
    made.call = std::move(call);
    cases.Add(std::move(made));
  }
  // A file without records is a file: no synthetic input is run beside it.
  if (has_file || !synthetic) return cases.Take();
  std::vector<const Signature*> signatures;
  for (const Signature* signature : model.SignaturesInOrder()) {
    if (signature->has_outputs()) signatures.push_back(signature);
  }
  if (signatures.size() > kMaxSignatures) signatures.resize(kMaxSignatures);
  for (const Signature* signature : signatures) {
    cases.AddSynthetic(*signature, {RowFill::kRandom});
  }
  for (const Signature* signature : signatures) {
    const std::vector<TensorInfo>& inputs = signature->def.inputs;
    if (std::any_of(inputs.begin(), inputs.end(), &HasRows)) {
      cases.AddSynthetic(*signature, {RowFill::kRandom, RowFill::kZeros, RowFill::kOtherRandom});
    } else {
      cases.AddSynthetic(*signature, {RowFill::kZeros});
    }
  }
  return cases.Take();
}

}  // namespace tensorgate

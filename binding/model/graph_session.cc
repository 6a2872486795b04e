#include "model/graph_session.h"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "tf/output_order.h"
#include "tf/status.h"

namespace tensorgate {
namespace {

// The finalizer of MurmurHash3.
uint64_t Mix(uint64_t value) {
  value = (value ^ value >> 33) * 0xff51afd7ed558ccdULL;
  value = (value ^ value >> 33) * 0xc4ceb9fe1a85ec53ULL;
  return value ^ value >> 33;
}

// Feeds in any order, then fetches in any order, give the same.
template <typename Tensors>
uint64_t KeyOf(const Tensors& tensors, size_t feeds) {
  uint64_t key = 0;
  for (size_t i = 0; i < tensors.size(); ++i) key += Mix(tensors[i]->hash + (i < feeds ? 1 : 2));
  return key;
}

// Serialized tensorflow.RunOptions { inter_op_thread_pool: -1 } (field 3, a negative varint): the
// graph is executed by the thread that calls. For small graphs the hand-off to TensorFlow's own
// pool costs several times the arithmetic.
constexpr unsigned char kRunInCallerThread[] = {0x18, 0xff, 0xff, 0xff, 0xff, 0xff,
                                                0xff, 0xff, 0xff, 0xff, 0x01};

}  // namespace

BufferHandle OptionsToRunInCallerThread() {
  return BufferHandle(TF_NewBufferFromString(kRunInCallerThread, sizeof(kRunInCallerThread)));
}

Status GraphSession::Create(std::string_view config, std::string_view graph_def,
                            const std::vector<SignatureTensors>& signatures,
                            std::unique_ptr<GraphSession>* out) {
  StatusHandle status(TF_NewStatus());
  SessionOptionsHandle options(TF_NewSessionOptions());
  TF_SetConfig(options.get(), config.data(), config.size(), status.get());
  if (TF_GetCode(status.get()) != TF_OK) return FromTf(status.get());
  std::unique_ptr<GraphSession> session(new GraphSession());
  session->session_ = TF_NewDeprecatedSession(options.get(), status.get());
  if (TF_GetCode(status.get()) != TF_OK) return FromTf(status.get());
  TF_ExtendGraph(session->session_, graph_def.data(), graph_def.size(), status.get());
  if (TF_GetCode(status.get()) != TF_OK) return FromTf(status.get());
  std::map<std::string, Known> by_name;
  const auto add = [&](const NamedOutput& named) {
    const auto [entry, is_new] = by_name.emplace(named.name, Known{named.output, nullptr});
    Known& first = entry->second;
    if (is_new) {
      first.tensor =
          &session->tensors_.emplace_back(Tensor{named.name, std::hash<std::string>()(named.name)});
    }
    if (OutputOrder()(first.output, named.output) || OutputOrder()(named.output, first.output)) {
      session->has_twins_ = true;
    }
    session->known_.push_back({named.output, first.tensor});
    return first.tensor;
  };
  for (const SignatureTensors& named : signatures) {
    Signature& signature = session->signatures_.emplace_back();
    for (const NamedOutput& feed : named.feeds) signature.feeds.push_back(add(feed));
    for (const NamedOutput& fetch : named.fetches) signature.fetches.push_back(add(fetch));
    Tensors all = signature.feeds;
    all.insert(all.end(), signature.fetches.begin(), signature.fetches.end());
    session->of_signatures_.insert(KeyOf(all, signature.feeds.size()));
  }
  session->Sort();
  *out = std::move(session);
  return Status();
}

GraphSession::~GraphSession() {
  if (session_ == nullptr) return;
  StatusHandle status(TF_NewStatus());
  TF_CloseDeprecatedSession(session_, status.get());
  TF_DeleteDeprecatedSession(session_, status.get());
}

Status GraphSession::Assign(std::vector<ResidentWeight> weights,
                            const std::vector<TF_Tensor*>& values) {
  weights_ = std::move(weights);
  std::vector<TF_Tensor*> given;
  for (const ResidentWeight& weight : weights_) given.push_back(values[weight.number]);
  return Give(given);
}

Status GraphSession::Give(const std::vector<TF_Tensor*>& values) const {
  if (weights_.empty()) return Status();
  std::vector<std::string> feeds, targets;
  for (const ResidentWeight& weight : weights_) {
    feeds.push_back(weight.value);
    targets.push_back(weight.assign);
  }
  return RunByName(nullptr, feeds, values, {}, targets, nullptr, nullptr);
}

void GraphSession::PutWeightsAside() {
  if (weights_.empty()) return;
  auto put_aside = std::make_unique<SessionWeights>(*this);
  if (!put_aside->Write().ok()) return;
  put_aside->PutAside();
  put_aside_ = std::move(put_aside);
}

void GraphSession::Sort() {
  std::sort(known_.begin(), known_.end(),
            [](const Known& a, const Known& b) { return OutputOrder()(a.output, b.output); });
}

void GraphSession::Rename(const std::unordered_map<TF_Operation*, TF_Operation*>& operations) {
  for (Known& known : known_) known.output.oper = operations.at(known.output.oper);
  Sort();
}

size_t GraphSession::other_combinations() const {
  MutexLock lock(&mutex_);
  return others_.size();
}

bool GraphSession::FindAll(const std::vector<TF_Output>& outputs, Tensors* found) const {
  for (const TF_Output& output : outputs) {
    const auto known = std::lower_bound(
        known_.begin(), known_.end(), output,
        [](const Known& each, const TF_Output& key) { return OutputOrder()(each.output, key); });
    if (known == known_.end() || OutputOrder()(output, known->output)) return false;
    found->push_back(known->tensor);
  }
  return true;
}

void GraphSession::DropTwins(Tensors* feeds, std::vector<TF_Tensor*>* inputs) {
  size_t kept = 0;
  for (size_t i = 0; i < feeds->size(); ++i) {
    const auto end = feeds->begin() + static_cast<std::ptrdiff_t>(kept);
    if (std::find(feeds->begin(), end, (*feeds)[i]) != end) continue;
    (*feeds)[kept] = (*feeds)[i];
    (*inputs)[kept++] = (*inputs)[i];
  }
  feeds->resize(kept);
  inputs->resize(kept);
}

bool GraphSession::MayRun(const Tensors& tensors, size_t feeds) const {
  const uint64_t key = KeyOf(tensors, feeds);
  if (of_signatures_.count(key) > 0) return true;
  MutexLock lock(&mutex_);
  if (others_.count(key) > 0) return true;
  if (others_.size() >= kMaxOtherCombinations) return false;
  others_.insert(key);
  return true;
}

GraphSession::Tensors GraphSession::AllOutputsFor(const Tensors& tensors, size_t feeds) const {
  const auto contains = [](const Tensors& all, const Tensor* one) {
    return std::find(all.begin(), all.end(), one) != all.end();
  };
  for (const Signature& signature : signatures_) {
    bool fits = signature.feeds.size() == feeds;
    for (size_t i = 0; fits && i < tensors.size(); ++i) {
      fits = contains(i < feeds ? signature.feeds : signature.fetches, tensors[i]);
    }
    if (fits) return signature.fetches;
  }
  return {};
}

void GraphSession::Run(const TF_Buffer* run_options, const std::vector<TF_Output>& feeds,
                       const std::vector<TF_Tensor*>& inputs, const std::vector<TF_Output>& fetches,
                       std::vector<TF_Tensor*>* outputs, TF_Buffer* run_metadata,
                       TF_Status* status) const {
  SessionWeights::Hold weights;
  const Status taken = put_aside_ == nullptr ? Status() : put_aside_->Take(&weights);
  if (!taken.ok()) {
    TF_SetStatus(status, static_cast<TF_Code>(taken.code()), taken.message().c_str());
    return;
  }
  // Kept per thread: a run then takes no memory of ours besides TensorFlow's own.
  thread_local Tensors tensors;
  thread_local std::vector<TF_Tensor*> fed;
  tensors.clear();
  fed = inputs;
  bool found = FindAll(feeds, &tensors);
  if (found && has_twins_) DropTwins(&tensors, &fed);
  found = found && FindAll(fetches, &tensors);
  if (!found) {
    TF_SetStatus(status, TF_FAILED_PRECONDITION, "the frozen graph has no such tensor");
    return;
  }
  if (MayRun(tensors, fed.size())) {
    return RunAsAsked(run_options, tensors, fed, outputs, run_metadata, status);
  }
  const Tensors all = AllOutputsFor(tensors, fed.size());
  // Of several signatures at once: there are no more combinations than the model has of them.
  if (all.empty()) return RunAsAsked(run_options, tensors, fed, outputs, run_metadata, status);
  const Tensors wanted(tensors.begin() + static_cast<std::ptrdiff_t>(fed.size()), tensors.end());
  tensors.resize(fed.size());
  tensors.insert(tensors.end(), all.begin(), all.end());
  std::vector<TF_Tensor*> values(all.size(), nullptr);
  RunAsAsked(run_options, tensors, fed, &values, run_metadata, status);
  for (size_t i = 0; i < wanted.size(); ++i) {
    // Two outputs may be the same tensor: each takes one of what was fetched.
    size_t at = 0;
    while (at < all.size() && (values[at] == nullptr || all[at] != wanted[i])) ++at;
    if (at < all.size()) std::swap((*outputs)[i], values[at]);
  }
  for (TF_Tensor* unwanted : values) {
    if (unwanted != nullptr) TF_DeleteTensor(unwanted);
  }
}

void GraphSession::RunAsAsked(const TF_Buffer* run_options, const Tensors& tensors,
                              const std::vector<TF_Tensor*>& inputs,
                              std::vector<TF_Tensor*>* outputs, TF_Buffer* run_metadata,
                              TF_Status* status) const {
  thread_local std::vector<const char*> names;
  names.clear();
  for (const Tensor* tensor : tensors) names.push_back(tensor->name.c_str());
  TF_Run(session_, run_options, names.data(), const_cast<TF_Tensor**>(inputs.data()),
         static_cast<int>(inputs.size()), names.data() + inputs.size(), outputs->data(),
         static_cast<int>(outputs->size()), nullptr, 0, run_metadata, status);
}

Status GraphSession::RunByName(const TF_Buffer* run_options, const std::vector<std::string>& feeds,
                               const std::vector<TF_Tensor*>& inputs,
                               const std::vector<std::string>& fetches,
                               const std::vector<std::string>& targets, TF_Buffer* run_metadata,
                               std::vector<TensorHandle>* outputs) const {
  std::vector<const char*> fed, fetched, executed;
  for (const std::string& name : feeds) fed.push_back(name.c_str());
  for (const std::string& name : fetches) fetched.push_back(name.c_str());
  for (const std::string& name : targets) executed.push_back(name.c_str());
  std::vector<TF_Tensor*> values(fetches.size(), nullptr);
  StatusHandle status(TF_NewStatus());
  const BufferHandle in_caller_thread =
      run_options == nullptr ? OptionsToRunInCallerThread() : nullptr;
  if (run_options == nullptr) run_options = in_caller_thread.get();
  TF_Run(session_, run_options, fed.data(), const_cast<TF_Tensor**>(inputs.data()),
         static_cast<int>(inputs.size()), fetched.data(), values.data(),
         static_cast<int>(values.size()), executed.data(), static_cast<int>(executed.size()),
         run_metadata, status.get());
  std::vector<TensorHandle> owned;
  for (TF_Tensor* value : values) owned.emplace_back(value);
  if (outputs != nullptr) *outputs = std::move(owned);
  return FromTf(status.get());
}

}  // namespace tensorgate

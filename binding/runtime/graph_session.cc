#include "runtime/graph_session.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "tf/status.h"

namespace tensorgate {
namespace {

bool Same(const TF_Output& a, const TF_Output& b) { return a.oper == b.oper && a.index == b.index; }
bool Before(const TF_Output& a, const TF_Output& b) {
  return a.oper != b.oper ? std::less<TF_Operation*>()(a.oper, b.oper) : a.index < b.index;
}

bool Contains(const std::vector<TF_Output>& all, const TF_Output& one) {
  return std::any_of(all.begin(), all.end(),
                     [&](const TF_Output& each) { return Same(each, one); });
}

bool ContainsAll(const std::vector<TF_Output>& all, const std::vector<TF_Output>& some) {
  return std::all_of(some.begin(), some.end(),
                     [&](const TF_Output& one) { return Contains(all, one); });
}

// The finalizer of MurmurHash3.
uint64_t Mix(uint64_t value) {
  value = (value ^ value >> 33) * 0xff51afd7ed558ccdULL;
  value = (value ^ value >> 33) * 0xc4ceb9fe1a85ec53ULL;
  return value ^ value >> 33;
}

uint64_t HashOf(const TF_Output& output, uint64_t role) {
  return Mix(reinterpret_cast<uintptr_t>(output.oper) + Mix(static_cast<uint64_t>(output.index)) +
             role);
}

}  // namespace

Status GraphSession::Create(std::string_view config, std::string_view graph_def,
                            std::vector<SignatureTensors> signatures,
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
  for (const SignatureTensors& signature : signatures) {
    for (const std::vector<TF_Output>* outputs : {&signature.feeds, &signature.fetches}) {
      for (const TF_Output& output : *outputs) {
        session->endpoints_.push_back({output, std::string(TF_OperationName(output.oper)) + ":" +
                                                   std::to_string(output.index)});
      }
    }
    session->of_signatures_.insert(session->KeyOf(signature.feeds, signature.fetches));
  }
  std::sort(session->endpoints_.begin(), session->endpoints_.end(),
            [](const Endpoint& a, const Endpoint& b) { return Before(a.output, b.output); });
  session->signatures_ = std::move(signatures);
  *out = std::move(session);
  return Status();
}

GraphSession::~GraphSession() {
  if (session_ == nullptr) return;
  StatusHandle status(TF_NewStatus());
  TF_CloseDeprecatedSession(session_, status.get());
  TF_DeleteDeprecatedSession(session_, status.get());
}

size_t GraphSession::other_combinations() const {
  MutexLock lock(&mutex_);
  return others_.size();
}

const GraphSession::Endpoint* GraphSession::Find(const TF_Output& output) const {
  const auto found = std::lower_bound(
      endpoints_.begin(), endpoints_.end(), output,
      [](const Endpoint& endpoint, const TF_Output& key) { return Before(endpoint.output, key); });
  return found != endpoints_.end() && Same(output, found->output) ? &*found : nullptr;
}

uint64_t GraphSession::KeyOf(const std::vector<TF_Output>& feeds,
                             const std::vector<TF_Output>& fetches) const {
  uint64_t key = 0;
  for (const TF_Output& feed : feeds) key += HashOf(feed, 1);
  for (const TF_Output& fetch : fetches) key += HashOf(fetch, 2);
  return key;
}

const SignatureTensors* GraphSession::InsteadOf(const std::vector<TF_Output>& feeds,
                                                const std::vector<TF_Output>& fetches) const {
  const uint64_t key = KeyOf(feeds, fetches);
  if (of_signatures_.count(key) > 0) return nullptr;
  MutexLock lock(&mutex_);
  if (others_.count(key) > 0) return nullptr;
  if (others_.size() >= kMaxOtherCombinations) {
    for (const SignatureTensors& signature : signatures_) {
      if (signature.feeds.size() == feeds.size() && ContainsAll(signature.feeds, feeds) &&
          ContainsAll(signature.fetches, fetches)) {
        return &signature;
      }
    }
  }
  others_.insert(key);
  return nullptr;
}

void GraphSession::Run(const TF_Buffer* run_options, const std::vector<TF_Output>& feeds,
                       const std::vector<TF_Tensor*>& inputs, const std::vector<TF_Output>& fetches,
                       std::vector<TF_Tensor*>* outputs, TF_Status* status) const {
  const SignatureTensors* instead = InsteadOf(feeds, fetches);
  if (instead == nullptr) {
    return RunAsAsked(run_options, feeds, inputs, fetches, outputs, status);
  }
  std::vector<TF_Tensor*> all(instead->fetches.size(), nullptr);
  RunAsAsked(run_options, feeds, inputs, instead->fetches, &all, status);
  for (size_t i = 0; i < fetches.size(); ++i) {
    // Two outputs may be the same tensor: each takes one of what was fetched.
    size_t at = 0;
    while (at < all.size() && (all[at] == nullptr || !Same(instead->fetches[at], fetches[i]))) ++at;
    if (at < all.size()) std::swap((*outputs)[i], all[at]);
  }
  for (TF_Tensor* unwanted : all) {
    if (unwanted != nullptr) TF_DeleteTensor(unwanted);
  }
}

void GraphSession::RunAsAsked(const TF_Buffer* run_options, const std::vector<TF_Output>& feeds,
                              const std::vector<TF_Tensor*>& inputs,
                              const std::vector<TF_Output>& fetches,
                              std::vector<TF_Tensor*>* outputs, TF_Status* status) const {
  // Kept per thread: a run then takes no memory of ours besides TensorFlow's own.
  thread_local std::vector<const char*> names;
  names.clear();
  for (const std::vector<TF_Output>* list : {&feeds, &fetches}) {
    for (const TF_Output& output : *list) {
      const Endpoint* endpoint = Find(output);
      if (endpoint == nullptr) {
        TF_SetStatus(status, TF_FAILED_PRECONDITION, "the frozen graph has no such tensor");
        return;
      }
      names.push_back(endpoint->name.c_str());
    }
  }
  TF_Run(session_, run_options, names.data(), const_cast<TF_Tensor**>(inputs.data()),
         static_cast<int>(feeds.size()), names.data() + feeds.size(), outputs->data(),
         static_cast<int>(fetches.size()), nullptr, 0, nullptr, status);
}

}  // namespace tensorgate

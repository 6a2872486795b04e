// SessionRun: feeds, fetches and targets of a client's choice, by the graph's own names or by the
// signatures' aliases. Texts are those TensorFlow has for its own session. Any thread, one at a
// time.
#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "cache/response_cache.h"
#include "call/inference_call.h"
#include "codec/json/json_dump.h"
#include "codec/proto/session_run_proto.h"
#include "model/saved_model.h"
#include "tf/output_order.h"
#include "tf/tensor.h"

namespace tensorgate {
namespace {

// "op", "op:index" or "^op", read as TensorFlow reads it; the index of "^op" is -1.
struct TensorName {
  std::string op;
  int index = 0;
};

TensorName ParseTensorName(std::string_view name) {
  if (!name.empty() && name[0] == '^') return {std::string(name.substr(1)), -1};
  constexpr size_t kMostDigits = 9;
  size_t digits = 0;
  int index = 0;
  while (digits < name.size() && name[name.size() - 1 - digits] >= '0' &&
         name[name.size() - 1 - digits] <= '9') {
    ++digits;
  }
  const size_t op_size = name.size() - digits;
  if (digits == 0 || digits > kMostDigits || op_size < 2 || name[op_size - 1] != ':') {
    return {std::string(name), 0};
  }
  for (char digit : name.substr(op_size)) index = index * 10 + (digit - '0');
  return {std::string(name.substr(0, op_size - 1)), index};
}

std::string Shown(std::string_view name) {
  return std::string(name.substr(0, kMaxShownStringBytes));
}

Status NotInGraph(std::string_view tensor_name) {
  return InvalidArgument("Tensor " + Shown(tensor_name) +
                         ", specified in either feed_devices or fetch_devices was not found in "
                         "the Graph");
}

class SessionRunCall : public InferenceCall {
 public:
  explicit SessionRunCall(std::shared_ptr<const Servable> servable)
      : InferenceCall(std::move(servable)), saved_model_(model_->AsSavedModel()) {}

  Status DecodeBody(std::string_view body, const DecodeLimits& limits) override {
    if (saved_model_ == nullptr) {
      return Status(Code::kUnimplemented, "SessionRun runs the graphs of SavedModels, and \"" +
                                              Shown(model_->name()) + "\" is no SavedModel");
    }
    SessionRunRequestView request;
    Status status = ParseSessionRunRequest(body, &request);
    if (status.ok() && request.names_are_aliases) status = ChooseSignature(request.model_spec);
    if (status.ok()) status = Feed(request, limits);
    if (status.ok()) status = Fetch(request);
    if (status.ok()) status = Target(request);
    if (!status.ok()) return status;
    if (fetches_.empty() && targets_.empty()) {
      return InvalidArgument("Must specify at least one target to fetch or execute.");
    }
    timeout_millis_ = static_cast<uint32_t>(
        std::clamp<int64_t>(request.timeout_millis, 0, kLongestTimeoutMillis));
    return Status();
  }

  Status Run(OutputBuffer* out) override {
    std::vector<TF_Tensor*> inputs;
    for (const TensorHandle& input : inputs_) inputs.push_back(input.get());
    std::vector<TensorHandle> outputs;
    const auto started = std::chrono::steady_clock::now();
    Status status =
        saved_model_->RunTargets(feeds_, inputs, fetches_, targets_, timeout_millis_, &outputs);
    Ran(started);
    model_->cache().Clear();  // what it has run may have changed what others read
    inputs_.clear();
    if (!status.ok()) return status;
    std::vector<std::vector<int64_t>> dims(outputs.size());
    std::vector<TensorView> views(outputs.size());
    for (size_t i = 0; i < outputs.size(); ++i) views[i] = ViewOf(outputs[i].get(), &dims[i]);
    std::vector<NamedTensorView> named;
    for (const auto& [name, fetch] : asked_) named.push_back({name, views[fetch]});
    return EncodeSessionRunResponse(model_->name(), model_->version(), signature_name_, named,
                                    kMaxSessionRunResponseBytes, out);
  }

  Method method() const override { return Method::kSessionRun; }

 private:
  // Beyond it TensorFlow's microseconds would overflow.
  static constexpr int64_t kLongestTimeoutMillis = INT32_MAX;

  Status ChooseSignature(const ModelSpecView& spec) {
    if (spec.signature_name.empty()) return Status();
    signature_ = model_->FindSignature(spec.signature_name);
    if (signature_ == nullptr) {
      return Status(Code::kFailedPrecondition,
                    "Serving signature key \"" + Shown(spec.signature_name) + "\" not found.");
    }
    signature_name_ = signature_->def.name;
    return Status();
  }

  Status Refused(const std::string& op) const {
    const std::string* why = saved_model_->WhyRefused(op);
    if (why == nullptr) return Status();
    return Status(Code::kPermissionDenied,
                  "--refuse_ops: node \"" + Shown(op) + "\" may not be run: it gets to " + *why);
  }

  Status FindTensor(std::string_view name, TF_Output* out) const {
    const TensorName parsed = ParseTensorName(name);
    Status refused = Refused(parsed.op);
    if (!refused.ok()) return refused;
    TF_Operation* oper = saved_model_->FindOperation(parsed.op);
    if (oper == nullptr) return NotInGraph(parsed.op + ":" + std::to_string(parsed.index));
    const int outputs = TF_OperationNumOutputs(oper);
    if (parsed.index < 0 || parsed.index >= outputs) {
      return Status(Code::kOutOfRange,
                    "Node '" + parsed.op + "' (type: '" + TF_OperationOpType(oper) +
                        "', num of outputs: " + std::to_string(outputs) +
                        ") does not have output " + std::to_string(parsed.index));
    }
    *out = TF_Output{oper, parsed.index};
    return Status();
  }

  // Looks in the signature that model_spec names; in all of them when it names none.
  Status FindAlias(std::string_view alias, bool is_input, TF_Output* out) const {
    bool found = false;
    for (const Signature& signature : model_->signatures()) {
      if (signature_ != nullptr && signature_ != &signature) continue;
      const std::vector<TensorInfo>& infos =
          is_input ? signature.def.inputs : signature.def.outputs;
      const auto info = std::lower_bound(
          infos.begin(), infos.end(), alias,
          [](const TensorInfo& entry, std::string_view key) { return entry.alias < key; });
      if (info == infos.end() || info->alias != alias) continue;
      const size_t index = static_cast<size_t>(info - infos.begin());
      const TF_Output& endpoint = is_input ? signature.inputs[index] : signature.outputs[index];
      if (endpoint.oper == nullptr) return NotInGraph(info->tensor_name);
      if (found && !Same(endpoint, *out)) {
        return InvalidArgument("alias " + Shown(alias) +
                               " stands for different tensors in the model's signatures: set "
                               "model_spec.signature_name");
      }
      found = true;
      *out = endpoint;
    }
    if (found) return Status();
    return InvalidArgument(std::string(is_input ? "input" : "output") +
                           " tensor alias not found in the model's signatures: " + Shown(alias));
  }

  Status Resolve(std::string_view name, bool is_alias, bool is_input, TF_Output* out) const {
    return is_alias ? FindAlias(name, is_input, out) : FindTensor(name, out);
  }

  Status Feed(const SessionRunRequestView& request, const DecodeLimits& limits) {
    feeds_.resize(request.feeds.size());
    for (size_t i = 0; i < feeds_.size(); ++i) {
      Status status = Resolve(request.feeds[i].first, request.names_are_aliases, true, &feeds_[i]);
      if (!status.ok()) return status;
    }
    std::vector<TF_Output> sorted = feeds_;
    std::sort(sorted.begin(), sorted.end(), OutputOrder());
    const auto twice = std::adjacent_find(sorted.begin(), sorted.end(), Same);
    if (twice != sorted.end()) {
      return InvalidArgument("Endpoint \"" + std::string(TF_OperationName(twice->oper)) + ":" +
                             std::to_string(twice->index) + "\" fed more than once.");
    }
    DecodeBudget budget(limits);
    for (size_t i = 0; i < feeds_.size(); ++i) {
      const auto& [name, proto] = request.feeds[i];
      Tensor tensor;
      Status status = DecodeTensorProto(proto, &budget, &tensor);
      if (!status.ok()) {
        return Status(status.code(), "tensor parsing error: " + Shown(name))
            .WithThoseOf(status, "feed[" + std::to_string(i) + "].tensor");
      }
      status = ToTfTensor(&tensor, &inputs_.emplace_back());
      if (!status.ok()) return status;
    }
    return Status();
  }

  // Each tensor is fetched once, in an order that does not depend on the request's: TensorFlow
  // keeps what it compiles for every combination.
  Status Fetch(const SessionRunRequestView& request) {
    std::vector<TF_Output> wanted(request.fetches.size());
    for (size_t i = 0; i < wanted.size(); ++i) {
      Status status = Resolve(request.fetches[i], request.names_are_aliases, false, &wanted[i]);
      if (!status.ok()) return status;
    }
    fetches_ = wanted;
    std::sort(fetches_.begin(), fetches_.end(), OutputOrder());
    fetches_.erase(std::unique(fetches_.begin(), fetches_.end(), Same), fetches_.end());
    for (size_t i = 0; i < wanted.size(); ++i) {
      const auto at = std::lower_bound(fetches_.begin(), fetches_.end(), wanted[i], OutputOrder());
      asked_.emplace_back(request.fetches[i], static_cast<size_t>(at - fetches_.begin()));
    }
    return Status();
  }

  // Targets are operations whatever the names of tensors are; TensorFlow takes "op:0" for one too.
  Status Target(const SessionRunRequestView& request) {
    for (std::string_view name : request.targets) {
      const std::string op = ParseTensorName(name).op;
      Status refused = Refused(op);
      if (!refused.ok()) return refused;
      const TF_Operation* oper = saved_model_->FindOperation(op);
      if (oper == nullptr) {
        return Status(Code::kNotFound,
                      "PruneForTargets: Some target nodes not found: " + Shown(name) + " ");
      }
      targets_.push_back(oper);
    }
    std::sort(targets_.begin(), targets_.end(), std::less<const TF_Operation*>());
    targets_.erase(std::unique(targets_.begin(), targets_.end()), targets_.end());
    return Status();
  }

  const SavedModel* const saved_model_;   // model_, if it is one
  const Signature* signature_ = nullptr;  // belongs to model_; null: aliases of all of them
  std::string_view signature_name_;       // likewise; empty unless it was used
  std::vector<TF_Output> feeds_;
  std::vector<TensorHandle> inputs_;  // as feeds_
  std::vector<TF_Output> fetches_;
  std::vector<const TF_Operation*> targets_;
  std::vector<std::pair<std::string, size_t>> asked_;  // name as requested, index into fetches_
  uint32_t timeout_millis_ = 0;
};

}  // namespace

std::unique_ptr<InferenceCall> NewSessionRunCall(std::shared_ptr<const Servable> model) {
  return std::make_unique<SessionRunCall>(std::move(model));
}

}  // namespace tensorgate

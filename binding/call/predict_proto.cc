// The gRPC form of a predict call, with upstream's checks in upstream's order. Any thread, one at a
// time.
#include "codec/proto/predict_proto.h"

#include <algorithm>
#include <string>
#include <utility>

#include "call/predict.h"
#include "model/signature_text.h"

namespace tensorgate {
namespace {

constexpr char kServingMethods[] =
    "tensorflow/serving/predict, tensorflow/serving/classify, tensorflow/serving/regress";

bool IsServingMethod(const std::string& method) {
  return method == "tensorflow/serving/predict" || method == "tensorflow/serving/classify" ||
         method == "tensorflow/serving/regress";
}

using Names = std::vector<std::string_view>;

std::string Join(Names names) {
  std::sort(names.begin(), names.end());
  std::string joined;
  for (std::string_view name : names) {
    if (!joined.empty()) joined += ',';
    joined += name;
  }
  return joined;
}

bool Contains(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Names Without(const Names& names, const Names& removed) {
  Names left;
  for (std::string_view name : names) {
    if (!Contains(removed, name)) left.push_back(name);
  }
  return left;
}

class ProtoPredictCall : public PredictCall {
 public:
  ProtoPredictCall(std::shared_ptr<const Servable> model, bool as_content)
      : PredictCall(std::move(model)), as_content_(as_content) {}

  Status DecodeBody(std::string_view body, const DecodeLimits& limits) override {
    PredictRequestView request;
    Status status = ParsePredictRequest(body, &request);
    if (!status.ok()) return status;
    std::string_view name = request.model_spec.signature_name;
    if (name.empty()) name = "serving_default";
    signature_ = model_->FindSignature(name);
    if (signature_ == nullptr) {
      return Status(Code::kFailedPrecondition,
                    "Serving signature key \"" + std::string(name) + "\" not found.")
          .With("model_spec.signature_name", model_->UnknownSignature(name));
    }
    if (model_->checks_method_names() && !IsServingMethod(signature_->def.method_name)) {
      return Status(Code::kInternal,
                    std::string("Expected prediction signature method_name to be one of {") +
                        kServingMethods + "}. Was: " + signature_->def.method_name);
    }
    DecodeBudget budget(limits);
    status = FeedInputs(request, &budget);
    if (!status.ok()) return status;
    return request.output_filter.empty() ? FetchAll() : FetchFiltered(request.output_filter);
  }

 protected:
  std::string FieldOf(std::string_view alias) const override { return "inputs" + KeyStep(alias); }

  Status Encode(const std::vector<NamedTensorView>& outputs, OutputBuffer* out) const override {
    return EncodePredictResponse(model_->name(), model_->version(), signature_->def.name, outputs,
                                 as_content_, out);
  }

 private:
  Names Expected() const {
    Names names;
    for (const TensorInfo& input : signature_->def.inputs) names.push_back(input.alias);
    return names;
  }

  Names Defaults() const {
    Names names;
    for (const auto& entry : signature_->def.defaults) names.push_back(entry.first);
    return names;
  }

  static Names Sent(const PredictRequestView& request) {
    Names names;
    for (const auto& input : request.inputs) names.push_back(input.first);
    return names;
  }

  Status FeedInputs(const PredictRequestView& request, DecodeBudget* budget) {
    const std::vector<TensorInfo>& inputs = signature_->def.inputs;
    const size_t sent = request.inputs.size();
    if (sent > inputs.size() || (sent < inputs.size() && !signature_->has_defaults())) {
      return WrongCount(request);
    }
    size_t used = 0;
    for (size_t i = 0; i < inputs.size(); ++i) {
      const auto found =
          std::find_if(request.inputs.begin(), request.inputs.end(),
                       [&](const auto& input) { return input.first == inputs[i].alias; });
      Status status;
      if (found != request.inputs.end()) {
        ++used;
        status = FeedProto(i, found->second, budget);
      } else if (signature_->defaults[i] != nullptr) {
        status = FeedDefault(i, signature_->defaults[i].get());
      } else {
        status = MissingInput(inputs[i], request);
      }
      if (!status.ok()) return status;
    }
    if (used < sent) {
      Names known;
      for (std::string_view name : Sent(request)) {
        if (Contains(Expected(), name)) known.push_back(name);
      }
      return WithNames(InvalidArgument("Inputs contains invalid name. Used request inputs: " +
                                       Join(known) + ", request input: " + Join(Sent(request))),
                       request);
    }
    return Status();
  }

  Status FeedProto(size_t index, std::string_view proto, DecodeBudget* budget) {
    Tensor tensor;
    const Status status = DecodeTensorProto(proto, budget, &tensor);
    if (status.ok()) return Feed(index, &tensor);
    const std::string& alias = signature_->def.inputs[index].alias;
    return Status(status.code(), "tensor parsing error: " + alias)
        .WithThoseOf(status, FieldOf(alias));
  }

  Status WrongCount(const PredictRequestView& request) const {
    const Names sent = Sent(request);
    const Names expected = Expected();
    return WithNames(
        InvalidArgument("input size does not match signature: " + std::to_string(sent.size()) +
                        "!=" + std::to_string(expected.size()) + " len({" + Join(sent) +
                        "}) != len({" + Join(expected) + "}). Sent extra: {" +
                        Join(Without(sent, expected)) + "}. Missing but required: {" +
                        Join(Without(expected, sent)) + "}."),
        request);
  }

  // Upstream lists under "expected" what was sent.
  Status MissingInput(const TensorInfo& input, const PredictRequestView& request) const {
    return WithNames(
        InvalidArgument("Signature input alias: " + input.alias +
                        "(feed name: " + input.tensor_name +
                        ") not found in request and no default value provided. Inputs expected "
                        "to be in the request {" +
                        Join(Sent(request)) + "}, or default input alias set: " + Join(Defaults())),
        request);
  }

  // `status` with a violation for each input that is missing, and for each that has no place.
  Status WithNames(Status status, const PredictRequestView& request) const {
    const Names sent = Sent(request);
    const Names expected = Expected();
    const Names defaults = Defaults();
    for (const TensorInfo& input : signature_->def.inputs) {
      if (Contains(sent, input.alias) || Contains(defaults, input.alias)) continue;
      status = std::move(status).With(FieldOf(input.alias),
                                      "expected " + DeclaredText(input) + ", got nothing");
    }
    for (std::string_view name : sent) {
      if (status.violations().size() == kMaxViolations) break;
      if (Contains(expected, name)) continue;
      status = std::move(status).With(FieldOf(name),
                                      "not an input of signature " + Quoted(signature_->def.name) +
                                          ", whose inputs are {" + Join(expected) + "}");
    }
    return status;
  }

  Status FetchFiltered(const Names& filter) {
    const std::vector<TensorInfo>& outputs = signature_->def.outputs;
    std::vector<size_t> indexes;
    for (std::string_view alias : filter) {
      size_t index = 0;
      while (index < outputs.size() && outputs[index].alias != alias) ++index;
      if (index == outputs.size()) {
        Names known;
        for (const TensorInfo& output : outputs) known.push_back(output.alias);
        return InvalidArgument("output tensor alias not found in signature: " + std::string(alias) +
                               " Outputs expected to be in the set {" + Join(known) + "}.")
            .With("output_filter" + IndexStep(indexes.size()),
                  "got " + Quoted(alias) + ", expected one of {" + Join(known) + "}");
      }
      indexes.push_back(index);
    }
    for (size_t index : indexes) {
      if (Contains(fetch_aliases_, outputs[index].alias)) {
        return InvalidArgument("duplicate output tensor alias: " + outputs[index].alias)
            .With("output_filter" + IndexStep(fetch_aliases_.size()),
                  Quoted(outputs[index].alias) + " was asked for before");
      }
      Status status = Fetch(index);
      if (!status.ok()) return status;
    }
    return Status();
  }

  const bool as_content_;
};

}  // namespace

std::unique_ptr<InferenceCall> NewProtoPredictCall(std::shared_ptr<const Servable> model,
                                                   bool as_content) {
  return std::make_unique<ProtoPredictCall>(std::move(model), as_content);
}

}  // namespace tensorgate

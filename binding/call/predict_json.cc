// The REST form of a predict call. Any thread, one at a time.
#include <string>
#include <utility>

#include "call/predict.h"
#include "codec/json/json_predict.h"
#include "codec/proto/predict_proto.h"
#include "codec/proto/request_encode.h"
#include "tf/tensor.h"

namespace tensorgate {
namespace {

class JsonPredictCall : public PredictCall {
 public:
  using PredictCall::PredictCall;

  Status DecodeBody(std::string_view body, const DecodeLimits& limits) override {
    JsonPredictRequest request;
    const SignatureLookup lookup = [this](std::string_view name) {
      signature_ = model_->FindSignature(name);
      return signature_ == nullptr ? nullptr : &signature_->input_specs;
    };
    Status status = DecodePredictJson(body, lookup, limits, &request);
    if (status.code() == Code::kInvalidArgument && status.violations().empty() &&
        model_->FindSignature(request.signature_name) == nullptr) {
      return std::move(status).With("signature_name",
                                    model_->UnknownSignature(request.signature_name));
    }
    if (!status.ok()) return status;
    format_ = request.format;
    signature_ = model_->FindSignature(request.signature_name);
    for (NamedTensor& input : request.inputs) {
      size_t index = 0;
      while (signature_->def.inputs[index].alias != input.name) ++index;
      status = Feed(index, &input.tensor);
      if (!status.ok()) return status;
    }
    return FetchAll();
  }

 protected:
  // The rows hold every input's values; a plain list holds those of the only one.
  std::string FieldOf(std::string_view alias) const override {
    const std::string member = signature_->def.inputs.size() > 1 ? MemberStep(alias) : "";
    return (format_ == JsonFormat::kRow ? "instances[*]" : "inputs") + member;
  }

  Status Encode(const std::vector<NamedTensorView>& outputs, OutputBuffer* out) const override {
    if (OutputBuffer* const logged = logged_response(); logged != nullptr) {
      Status status = EncodePredictResponse(model_->name(), model_->version(), signature_->def.name,
                                            outputs, false, logged);
      if (!status.ok()) return status;
    }
    return EncodePredictJson(format_, outputs, out);
  }

  Status EncodeLoggedRequest(std::string_view, OutputBuffer* out) const override {
    std::vector<std::vector<int64_t>> dims(run_.feeds.size());
    std::vector<NamedTensorView> inputs(run_.feeds.size());
    for (size_t i = 0; i < inputs.size(); ++i) {
      inputs[i] = {fed_aliases_[i], ViewOf(run_.values[i], &dims[i])};
    }
    return EncodePredictRequest(model_->name(), signature_->def.name, inputs, out);
  }

 private:
  JsonFormat format_ = JsonFormat::kRow;
};

}  // namespace

std::unique_ptr<InferenceCall> NewJsonPredictCall(std::shared_ptr<const Servable> model) {
  return std::make_unique<JsonPredictCall>(std::move(model));
}

}  // namespace tensorgate

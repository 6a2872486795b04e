// Classify, Regress and MultiInference: one run over a list of serialized tf.Examples for one or
// several tasks. Any thread, one at a time.
#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "call/example_task.h"
#include "call/inference_call.h"
#include "codec/proto/example_request.h"
#include "codec/proto/request_encode.h"
#include "tf/tensor.h"

namespace tensorgate {
namespace {

constexpr char kDefaultSignature[] = "serving_default";

class ExampleCall : public InferenceCall {
 public:
  ExampleCall(std::shared_ptr<const Servable> model, Method method, bool is_json)
      : InferenceCall(std::move(model)), method_(method), is_json_(is_json) {}

  Status DecodeBody(std::string_view body, const DecodeLimits& limits) override {
    ExampleRequest request;
    Status status = Parse(body, limits, &request);
    if (status.ok()) status = PrepareTasks(request);
    if (!status.ok()) return status;
    if (request.examples.empty()) {
      return InvalidArgument("Input is empty.")
          .With("input", "expected at least one example, got none");
    }
    example_count_ = static_cast<int64_t>(request.examples.size());
    Tensor tensor;
    tensor.dtype = DataType::kString;
    tensor.dims = {example_count_};
    tensor.elements = example_count_;
    tensor.strings = std::move(request.examples);
    status = ToTfTensor(&tensor, &examples_);
    run_.values.assign(run_.feeds.size(), examples_.get());
    return status;
  }

  Status Run(OutputBuffer* out) override {
    std::vector<TensorHandle> outputs;
    const auto started = std::chrono::steady_clock::now();
    Status status = model_->Run(run_.feeds, run_.values, run_.fetches, &outputs);
    Ran(started);
    if (status.ok() && counted()) CountRun(run_time_);
    examples_.reset();
    if (!status.ok()) return status;
    std::vector<std::vector<int64_t>> dims(outputs.size());
    std::vector<TensorView> views(outputs.size());
    for (size_t i = 0; i < outputs.size(); ++i) views[i] = ViewOf(outputs[i].get(), &dims[i]);
    return Encode(views, out);
  }

  const RunArguments* arguments() const override { return &run_; }
  void DropInputs() override { examples_.reset(); }

  Status FinishRun(const std::vector<TensorView>& outputs, std::chrono::nanoseconds latency,
                   OutputBuffer* out) override {
    run_time_ = latency;
    CountRun(latency);
    return Encode(outputs, out);
  }

  Method method() const override { return method_; }

  Status EncodeLoggedRequest(std::string_view body, OutputBuffer* out) const override {
    if (!is_json_) return InferenceCall::EncodeLoggedRequest(body, out);
    std::vector<int64_t> dims;
    EncodeExampleRequest(model_->name(), run_.signature->def.name, ViewOf(examples_.get(), &dims),
                         out);
    return Status();
  }

 private:
  // Upstream takes the time of Classify and Regress, and counts the examples of MultiInference.
  void CountRun(std::chrono::nanoseconds latency) const {
    ModelStatistics& statistics = model_->statistics();
    if (method_ == Method::kMultiInference) {
      statistics.examples.Record(example_count_);
    } else {
      statistics.runs(method_).Record(latency);
    }
  }

  Status Parse(std::string_view body, const DecodeLimits& limits, ExampleRequest* request) const {
    if (is_json_) return DecodeExamplesJson(body, limits, request);
    DecodeBudget budget(limits);
    return method_ == Method::kMultiInference ? ParseMultiInferenceRequest(body, &budget, request)
                                              : ParseExampleRequest(body, &budget, request);
  }

  Status PrepareTasks(const ExampleRequest& request) {
    if (method_ == Method::kMultiInference) return PrepareMany(request.tasks);
    std::string name =
        is_json_ ? request.signature_name : std::string(request.model_spec.signature_name);
    if (name.empty()) name = kDefaultSignature;
    const Signature* signature = model_->FindSignature(name);
    if (signature == nullptr) {
      return InvalidArgument("No signature was found with the name: " + name)
          .With(is_json_ ? "signature_name" : "model_spec.signature_name",
                model_->UnknownSignature(name));
    }
    run_.signature = signature;
    return Prepare(*signature, method_ == Method::kClassify, model_->checks_method_names());
  }

  Status PrepareMany(const std::vector<InferenceTaskView>& tasks) {
    const std::string_view model_name = tasks.empty() ? "" : tasks[0].model_spec.name;
    for (const InferenceTaskView& task : tasks) {
      const std::string path = "tasks" + IndexStep(static_cast<size_t>(&task - tasks.data()));
      if (task.model_spec.name.empty()) {
        return InvalidArgument("Found ModelSpec with an empty model name.")
            .With(path + ".model_spec.name", "expected " + Quoted(model_name) + ", got nothing");
      }
      if (task.model_spec.name != model_name) {
        return InvalidArgument(
                   "All ModelSpecs in a MultiInferenceRequest must access the same model name.")
            .With(path + ".model_spec.name", "expected " + Quoted(model_name) +
                                                 ", as the first task, got " +
                                                 Quoted(task.model_spec.name));
      }
      std::string name(task.model_spec.signature_name);
      if (name.empty()) name = kDefaultSignature;
      for (const ExampleTask& earlier : tasks_) {
        if (earlier.signature->def.name == name) {
          return InvalidArgument("Duplicate evaluation of signature: " + name)
              .With(path + ".model_spec.signature_name",
                    "an earlier task has the signature " + Quoted(name));
        }
      }
      const Signature* signature = model_->FindSignature(name);
      if (signature == nullptr) {
        return InvalidArgument("Requested signature not found in model graph: " + name)
            .With(path + ".model_spec.signature_name", model_->UnknownSignature(name));
      }
      const bool is_classification = task.method_name == "tensorflow/serving/classify";
      if (!is_classification && task.method_name != "tensorflow/serving/regress") {
        return Status(Code::kUnimplemented,
                      "Unsupported signature method_name: " + std::string(task.method_name))
            .With(path + ".method_name",
                  "expected tensorflow/serving/classify or tensorflow/serving/regress, got " +
                      Quoted(task.method_name));
      }
      Status status = Prepare(*signature, is_classification, model_->checks_method_names());
      if (!status.ok()) return status;
    }
    return Status();
  }

  // Checks the signature and adds what it feeds and fetches; endpoints of several tasks are fed and
  // fetched once.
  Status Prepare(const Signature& signature, bool is_classification, bool check_method_name) {
    ExampleTask task;
    Status status = is_classification ? CheckClassification(signature, check_method_name, &task)
                                      : CheckRegression(signature, check_method_name, &task);
    if (!status.ok()) return status;
    if (signature.inputs[0].oper == nullptr) {
      return InvalidArgument("input " + signature.def.inputs[0].alias + " of signature " +
                             signature.def.name + " is not a tensor of the graph");
    }
    AddOnce(signature.inputs[0], &run_.feeds);
    for (int* output : {&task.labels, &task.scores, &task.values}) {
      if (*output < 0) continue;
      const Endpoint endpoint = signature.outputs[static_cast<size_t>(*output)];
      if (endpoint.oper == nullptr) {
        return InvalidArgument("an output of signature " + signature.def.name +
                               " is not a tensor of the graph");
      }
      *output = AddOnce(endpoint, &run_.fetches);  // from here on: of run_.fetches
    }
    tasks_.push_back(task);
    return Status();
  }

  static int AddOnce(Endpoint endpoint, std::vector<Endpoint>* endpoints) {
    const auto same = [&](const Endpoint& other) { return Same(other, endpoint); };
    const auto found = std::find_if(endpoints->begin(), endpoints->end(), same);
    if (found != endpoints->end()) return static_cast<int>(found - endpoints->begin());
    endpoints->push_back(endpoint);
    return static_cast<int>(endpoints->size()) - 1;
  }

  Status Encode(const std::vector<TensorView>& views, OutputBuffer* out) const {
    const auto view = [&](int index) {
      return index < 0 ? nullptr : &views[static_cast<size_t>(index)];
    };
    std::vector<ClassificationTensors> classifications(tasks_.size());
    std::vector<RegressionTensors> regressions(tasks_.size());
    std::vector<InferenceResult> results(tasks_.size());
    for (size_t i = 0; i < tasks_.size(); ++i) {
      const ExampleTask& task = tasks_[i];
      results[i].spec = {model_->name(), model_->version(), task.signature->def.name};
      Status status;
      if (task.is_classification) {
        status = ReadClassification(view(task.labels), view(task.scores), example_count_,
                                    &classifications[i]);
        results[i].classification = &classifications[i];
      } else {
        status = ReadRegression(view(task.values), example_count_, &regressions[i]);
        results[i].regression = &regressions[i];
      }
      if (!status.ok()) return status;
    }
    if (method_ == Method::kMultiInference) {
      EncodeMultiInferenceResponse(results, out);
    } else if (is_json_) {
      if (OutputBuffer* const logged = logged_response(); logged != nullptr) {
        EncodeOne(results[0], logged);
      }
      return method_ == Method::kClassify ? EncodeClassificationJson(classifications[0], out)
                                          : EncodeRegressionJson(regressions[0], out);
    } else {
      EncodeOne(results[0], out);
    }
    return Status();
  }

  static void EncodeOne(const InferenceResult& result, OutputBuffer* out) {
    if (result.classification != nullptr) {
      EncodeClassificationResponse(result.spec, *result.classification, out);
    } else {
      EncodeRegressionResponse(result.spec, *result.regression, out);
    }
  }

  const Method method_;
  const bool is_json_;
  std::vector<ExampleTask> tasks_;
  RunArguments run_;
  TensorHandle examples_;  // the value of every feed
  int64_t example_count_ = 0;
};

}  // namespace

std::unique_ptr<InferenceCall> NewProtoExampleCall(std::shared_ptr<const Servable> model,
                                                   Method method) {
  return std::make_unique<ExampleCall>(std::move(model), method, /*is_json=*/false);
}

std::unique_ptr<InferenceCall> NewJsonExampleCall(std::shared_ptr<const Servable> model,
                                                  Method method) {
  return std::make_unique<ExampleCall>(std::move(model), method, /*is_json=*/true);
}

}  // namespace tensorgate

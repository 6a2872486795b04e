#include "openvino/compiled_model.h"

#include "openvino/error.h"

namespace tensorgate::openvino {

Status CompiledModel::Of(CompiledModelHandle object, std::unique_ptr<CompiledModel>* out) {
  std::unique_ptr<CompiledModel> model(new CompiledModel(std::move(object)));
  const CApi& api = Api();
  const CompiledModelObject* const compiled = model->object_.get();
  Status status = ReadPorts(compiled, api.compiled_inputs, api.compiled_input, &model->inputs_);
  if (!status.ok()) return status;
  status = ReadPorts(compiled, api.compiled_outputs, api.compiled_output, &model->outputs_);
  if (status.ok()) *out = std::move(model);
  return status;
}

int CompiledModel::FindInput(const std::string& name) const {
  const CompiledModelObject* const compiled = object_.get();
  return FindPort(compiled, Api().compiled_input_by_name, inputs_, name);
}

int CompiledModel::FindOutput(const std::string& name) const {
  const CompiledModelObject* const compiled = object_.get();
  return FindPort(compiled, Api().compiled_output_by_name, outputs_, name);
}

Status CompiledModel::Take(Lease* lease) const {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!idle_.empty()) {
      lease->request_ = std::move(idle_.back());
      idle_.pop_back();
      lease->model_ = this;
      return Status();
    }
  }
  InferRequestObject* object = nullptr;
  Status status = FromOpenVino(Api().create_request(object_.get(), &object), Code::kInternal,
                               "OpenVINO has no request");
  if (!status.ok()) return status;
  lease->request_ = std::make_unique<InferRequest>(InferRequestHandle(object));
  lease->request_->FindOwn(inputs_, outputs_);
  lease->model_ = this;
  return Status();
}

void CompiledModel::GiveBack(std::unique_ptr<InferRequest> request) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  idle_.push_back(std::move(request));
}

std::string CompiledModel::Property(const char* key) const {
  char* value = nullptr;
  if (Api().compiled_property(object_.get(), key, &value) != 0 || value == nullptr) return "";
  const TextHandle owned(value);
  return value;
}

}  // namespace tensorgate::openvino

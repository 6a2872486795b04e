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
    lease->of_copy_ = !idle_of_copies_.empty();
    auto& idle = lease->of_copy_ ? idle_of_copies_ : idle_;
    if (!idle.empty()) {
      lease->request_ = std::move(idle.back());
      idle.pop_back();
      lease->model_ = this;
      return Status();
    }
  }
  Status status = NewRequest(object_.get(), &lease->request_);
  if (status.ok()) lease->model_ = this;
  return status;
}

Status CompiledModel::AddCopy(CompiledModelHandle copy) {
  std::unique_ptr<InferRequest> request;
  Status status = NewRequest(copy.get(), &request);
  if (!status.ok()) return status;
  copies_.push_back(std::move(copy));
  idle_of_copies_.push_back(std::move(request));
  return status;
}

Status CompiledModel::NewRequest(CompiledModelObject* object,
                                 std::unique_ptr<InferRequest>* request) const {
  InferRequestObject* made = nullptr;
  Status status =
      FromOpenVino(Api().create_request(object, &made), Code::kInternal, "OpenVINO has no request");
  if (!status.ok()) return status;
  *request = std::make_unique<InferRequest>(InferRequestHandle(made), inputs_, outputs_);
  return status;
}

void CompiledModel::GiveBack(std::unique_ptr<InferRequest> request, bool of_copy) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  (of_copy ? idle_of_copies_ : idle_).push_back(std::move(request));
}

std::string CompiledModel::Property(const char* key) const {
  char* value = nullptr;
  if (Api().compiled_property(object_.get(), key, &value) != 0 || value == nullptr) return "";
  const TextHandle owned(value);
  return value;
}

}  // namespace tensorgate::openvino

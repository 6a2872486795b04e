#include "openvino/model.h"

#include "openvino/error.h"

namespace tensorgate::openvino {

Status Model::Of(ModelHandle object, std::unique_ptr<Model>* out) {
  std::unique_ptr<Model> model(new Model(std::move(object)));
  Status status = model->ReadAllPorts();
  if (status.ok()) *out = std::move(model);
  return status;
}

Status Model::ReadAllPorts() {
  inputs_.clear();
  outputs_.clear();
  const CApi& api = Api();
  Status status = ReadPorts(object(), api.model_inputs, api.model_input, &inputs_);
  if (!status.ok()) return status;
  return ReadPorts(object(), api.model_outputs, api.model_output, &outputs_);
}

int Model::FindInput(const std::string& name) const {
  return FindPort(object(), Api().model_input_by_name, inputs_, name);
}

int Model::FindOutput(const std::string& name) const {
  return FindPort(object(), Api().model_output_by_name, outputs_, name);
}

Status Model::Reshape(const std::vector<std::pair<size_t, std::vector<int64_t>>>& shapes) {
  std::vector<size_t> numbers;
  std::vector<std::vector<CRange>> ranges(shapes.size());
  std::vector<CPartialShape> partial;
  for (size_t i = 0; i < shapes.size(); ++i) {
    numbers.push_back(shapes[i].first);
    for (const int64_t dim : shapes[i].second) {
      ranges[i].push_back(dim < 0 ? CRange{0, -1} : CRange{dim, dim});
    }
    const int64_t rank = static_cast<int64_t>(ranges[i].size());
    partial.push_back(CPartialShape{CRange{rank, rank}, ranges[i].data()});
  }
  Status status =
      FromOpenVino(Api().model_reshape(object(), numbers.data(), partial.data(), shapes.size()),
                   Code::kInvalidArgument, "OpenVINO cannot take inputs of these shapes");
  if (!status.ok()) return status;
  return ReadAllPorts();
}

}  // namespace tensorgate::openvino

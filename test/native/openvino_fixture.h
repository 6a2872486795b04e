// A suite that has OpenVINO, and runs of its models.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "files/scratch_file.h"
#include "openvino/core.h"
#include "openvino_models.h"

namespace tensorgate::openvino_test {

using openvino::CompiledModel;
using openvino::CompileOptions;
using openvino::Core;
using openvino::Model;
using openvino::TensorMemory;
using Dims = std::vector<int64_t>;

class OpenVinoSuite : public testing::Test {
 protected:
  void SetUp() override {
    TENSORGATE_NEEDS_OPENVINO();
    const Status status = Core::Get(LibraryPath(), &core_);
    ASSERT_TRUE(status.ok()) << status.message();
  }

  Status TryGraph(const std::string& graph, std::unique_ptr<Model>* model) {
    ScratchFile file;
    Status status = file.Make();
    if (status.ok()) status = file.Append(graph);
    return status.ok() ? core_->ReadGraphDef(file, model) : status;
  }

  std::unique_ptr<Model> ReadGraph(const std::string& graph) {
    std::unique_ptr<Model> model;
    const Status status = TryGraph(graph, &model);
    EXPECT_TRUE(status.ok()) << status.message();
    return model;
  }

  std::unique_ptr<CompiledModel> Compiled(const Model& model, const CompileOptions& options = {}) {
    std::unique_ptr<CompiledModel> compiled;
    const Status status = core_->Compile(model, options, &compiled);
    EXPECT_TRUE(status.ok()) << status.message();
    return compiled;
  }

  const Core* core_ = nullptr;
};

inline TensorMemory Floats(std::vector<float>* values, Dims dims) {
  return TensorMemory{DataType::kFloat, std::move(dims), values->data(),
                      values->size() * sizeof(float)};
}

inline std::vector<float> FloatsOf(const TensorMemory& memory) {
  std::vector<float> values(memory.bytes / sizeof(float));
  if (!values.empty()) std::memcpy(values.data(), memory.data, memory.bytes);
  return values;
}

// The first output of the first input.
inline Status RunOnce(const CompiledModel& model, std::vector<float> values, Dims dims,
                      std::vector<float>* out, Dims* out_dims) {
  CompiledModel::Lease request;
  Status status = model.Take(&request);
  if (status.ok()) status = request->SetInput(0, Floats(&values, std::move(dims)));
  if (status.ok()) status = request->Infer();
  TensorMemory output;
  if (status.ok()) status = request->Output(0, &output);
  if (!status.ok()) return status;
  *out = FloatsOf(output);
  *out_dims = output.dims;
  return Status();
}

}  // namespace tensorgate::openvino_test

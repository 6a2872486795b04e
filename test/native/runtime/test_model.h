// Models of the repository, loaded for a test. THREAD: the test's.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "model/saved_model.h"
#include "tf/tensor.h"

namespace tensorgate {

// As version 7 of a model of that name. `folder` below the repository, down to the version.
inline std::unique_ptr<SavedModel> LoadModel(const std::string& folder,
                                             const std::string& name = "m") {
  LoadOptions options;
  options.name = name;
  options.version = 7;
  options.path = std::string(TENSORGATE_SOURCE_DIR) + "/" + folder;
  options.tags = {"serve"};
  std::unique_ptr<SavedModel> model;
  const Status status = SavedModel::Load(options, &model);
  EXPECT_TRUE(status.ok()) << status.message();
  return model;
}

// The only element of a signature's first output, for signatures without inputs.
inline float ValueOf(const SavedModel& model, const std::string& signature) {
  std::vector<TensorHandle> outputs;
  const Status status = model.Run({}, {}, {model.FindSignature(signature)->outputs[0]}, &outputs);
  EXPECT_TRUE(status.ok()) << status.message();
  return *static_cast<const float*>(TF_TensorData(outputs[0].get()));
}

}  // namespace tensorgate

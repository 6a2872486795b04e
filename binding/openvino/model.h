// Model: a graph as OpenVINO has read it: what goes in, what comes out, and their shapes, which can
// be made narrower. One thread at a time.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "openvino/port.h"

namespace tensorgate::openvino {

class Model {
 public:
  // OWNERSHIP: takes the object. ERRORS: INTERNAL.
  static Status Of(ModelHandle object, std::unique_ptr<Model>* out);

  const ModelObject* object() const { return object_.get(); }
  const std::vector<Port>& inputs() const { return inputs_; }
  const std::vector<Port>& outputs() const { return outputs_; }
  // By any of a port's names ("x:0" of a GraphDef); -1 where there is none.
  int FindInput(const std::string& name) const;
  int FindOutput(const std::string& name) const;

  // Inputs have these shapes from now on; a dimension of -1 may be any. What was compiled before
  // stays as it is; a reshaped model can be reshaped again. ERRORS: INVALID_ARGUMENT, where the
  // graph does not work with them. REQUIRES: numbers of inputs.
  Status Reshape(const std::vector<std::pair<size_t, std::vector<int64_t>>>& shapes);

 private:
  explicit Model(ModelHandle object) : object_(std::move(object)) {}
  Status ReadAllPorts();

  ModelHandle object_;
  std::vector<Port> inputs_;
  std::vector<Port> outputs_;
};

}  // namespace tensorgate::openvino

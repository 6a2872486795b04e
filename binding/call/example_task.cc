#include "call/example_task.h"

#include "model/signature_text.h"
#include "tensor/type_text.h"

namespace tensorgate {
namespace {

constexpr char kClassifyMethod[] = "tensorflow/serving/classify";
constexpr char kRegressMethod[] = "tensorflow/serving/regress";

int FindOutput(const SignatureDef& def, std::string_view alias) {
  for (size_t i = 0; i < def.outputs.size(); ++i) {
    if (def.outputs[i].alias == alias) return static_cast<int>(i);
  }
  return -1;
}

std::string ShapeText(const TensorView& tensor) {
  std::string text = "[";
  for (int i = 0; i < tensor.rank; ++i) {
    if (i > 0) text += ',';
    text += std::to_string(tensor.dims[i]);
  }
  return text + "]";
}

Status CheckMatrix(const TensorView* tensor) {
  if (tensor == nullptr || tensor->rank == 2) return Status();
  return InvalidArgument("Expected Tensor shape: [batch_size num_classes] but got " +
                         ShapeText(*tensor));
}

Status CheckMatrixOf(const char* name, const TensorView* tensor, DataType dtype, int64_t examples) {
  if (tensor == nullptr) return Status();
  if (tensor->dtype != dtype) {
    return InvalidArgument(std::string("Expected ") + name + " Tensor of " +
                           DataTypeEnumName(dtype) + ". Got: " + DataTypeEnumName(tensor->dtype));
  }
  if (tensor->dims[0] != examples) {
    return InvalidArgument(std::string("Expected ") + name + " output batch size of " +
                           std::to_string(examples) + ". Got: " + std::to_string(tensor->dims[0]));
  }
  return Status();
}

}  // namespace

Status CheckClassification(const Signature& signature, bool check_method_name, ExampleTask* task) {
  const SignatureDef& def = signature.def;
  if (check_method_name && def.method_name != kClassifyMethod) {
    return InvalidArgument(std::string("Expected classification signature method_name to be ") +
                           kClassifyMethod + ". Was: " + def.method_name);
  }
  if (def.inputs.size() != 1) return InvalidArgument("Expected one input Tensor.");
  if (def.outputs.empty() || def.outputs.size() > 2) {
    return InvalidArgument("Expected one or two output Tensors, found " +
                           std::to_string(def.outputs.size()));
  }
  if (def.inputs[0].alias != "inputs") {
    return InvalidArgument("No classification inputs found in SignatureDef: " + SignatureText(def));
  }
  task->signature = &signature;
  task->is_classification = true;
  task->labels = FindOutput(def, "classes");
  task->scores = FindOutput(def, "scores");
  if (task->labels >= 0 || task->scores >= 0) return Status();
  return InvalidArgument(
      "Expected classification signature outputs to contain at least one of \"classes\" or "
      "\"scores\". Signature was: " +
      SignatureText(def));
}

Status CheckRegression(const Signature& signature, bool check_method_name, ExampleTask* task) {
  const SignatureDef& def = signature.def;
  if (check_method_name && def.method_name != kRegressMethod) {
    return InvalidArgument(std::string("Expected regression signature method_name to be ") +
                           kRegressMethod + ". Was: " + def.method_name);
  }
  if (def.inputs.size() != 1) return InvalidArgument("Expected one input Tensor.");
  if (def.outputs.size() != 1) return InvalidArgument("Expected one output Tensor.");
  if (def.inputs[0].alias != "inputs") {
    return InvalidArgument("No regression inputs found in SignatureDef: " + SignatureText(def));
  }
  task->signature = &signature;
  task->is_classification = false;
  task->values = FindOutput(def, "outputs");
  if (task->values >= 0) return Status();
  return InvalidArgument("No regression outputs found in SignatureDef: " + SignatureText(def));
}

Status ReadClassification(const TensorView* labels, const TensorView* scores, int64_t examples,
                          ClassificationTensors* result) {
  Status status = CheckMatrix(labels);
  if (status.ok()) status = CheckMatrix(scores);
  if (status.ok()) status = CheckMatrixOf("classes", labels, DataType::kString, examples);
  if (status.ok()) status = CheckMatrixOf("scores", scores, DataType::kFloat, examples);
  if (!status.ok()) return status;
  if (labels != nullptr && scores != nullptr && labels->dims[1] != scores->dims[1]) {
    return InvalidArgument("Tensors class and score should match in dim_size(1). Got " +
                           std::to_string(labels->dims[1]) + " vs. " +
                           std::to_string(scores->dims[1]));
  }
  result->examples = examples;
  result->classes = labels != nullptr ? labels->dims[1] : scores->dims[1];
  result->labels = labels;
  result->scores = scores;
  return Status();
}

Status ReadRegression(const TensorView* values, int64_t examples, RegressionTensors* result) {
  const bool is_column = values->rank == 2 && values->dims[1] == 1;
  if (values->rank != 1 && !is_column) {
    return InvalidArgument(
        "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got " +
        ShapeText(*values));
  }
  if (values->dims[0] != examples) {
    return InvalidArgument("Input batch size did not match output batch size: " +
                           std::to_string(examples) + " vs. " + std::to_string(values->dims[0]));
  }
  if (values->dtype != DataType::kFloat) {
    return InvalidArgument("Expected output Tensor of DT_FLOAT.  Got: " +
                           DataTypeEnumName(values->dtype));
  }
  result->examples = examples;
  result->values = values;
  return Status();
}

}  // namespace tensorgate

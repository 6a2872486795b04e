#include "plan/variable_values.h"

#include <cstring>
#include <string>

#include "tf/status.h"

namespace tensorgate {
namespace {

constexpr char kPrefix[] = "tensorgate/plan/";

// A node with one input; its output in `*out`.
Status AddReader(TF_Graph* graph, const char* op, TF_Operation* variable, size_t number,
                 const DataType* dtype, TF_Output* out) {
  StatusHandle status(TF_NewStatus());
  const std::string name = kPrefix + std::string(op) + std::to_string(number);
  if (TF_Operation* there = TF_GraphOperationByName(graph, name.c_str())) {
    *out = TF_Output{there, 0};
    // Of an earlier reading: the same graph has the same variables in the same order.
    if (TF_OperationNumInputs(there) == 1 &&
        TF_OperationInput(TF_Input{there, 0}).oper == variable &&
        TF_OperationOpType(there) == std::string_view(op)) {
      return Status();
    }
    return Status(Code::kFailedPrecondition, "the graph has a node " + name);
  }
  TF_OperationDescription* node = TF_NewOperation(graph, op, name.c_str());
  TF_AddInput(node, TF_Output{variable, 0});
  if (dtype != nullptr) TF_SetAttrType(node, "dtype", static_cast<TF_DataType>(*dtype));
  TF_Operation* added = TF_FinishOperation(node, status.get());
  *out = TF_Output{added, 0};
  return FromTf(status.get());
}

// A node that frees a variable.
Status AddFreer(TF_Graph* graph, const std::string& variable, size_t number,
                const TF_Operation** freer) {
  StatusHandle status(TF_NewStatus());
  const std::string name = kPrefix + ("free" + std::to_string(number));
  TF_Operation* oper = TF_GraphOperationByName(graph, variable.c_str());
  *freer = TF_GraphOperationByName(graph, name.c_str());
  if (*freer != nullptr || oper == nullptr) return Status();
  TF_OperationDescription* node = TF_NewOperation(graph, "DestroyResourceOp", name.c_str());
  TF_AddInput(node, TF_Output{oper, 0});
  TF_SetAttrBool(node, "ignore_lookup_error", 1);
  *freer = TF_FinishOperation(node, status.get());
  return FromTf(status.get());
}

// One run for all: TensorFlow makes and keeps an executor for every list of fetches.
Status FetchAll(TF_Session* session, const std::vector<TF_Output>& fetches,
                const std::vector<const TF_Operation*>& targets,
                std::vector<TensorHandle>* values) {
  StatusHandle status(TF_NewStatus());
  std::vector<TF_Tensor*> tensors(fetches.size(), nullptr);
  values->clear();
  if (!fetches.empty()) {
    TF_SessionRun(session, nullptr, nullptr, nullptr, 0, fetches.data(), tensors.data(),
                  static_cast<int>(fetches.size()), targets.data(),
                  static_cast<int>(targets.size()), nullptr, status.get());
  }
  for (TF_Tensor* tensor : tensors) values->emplace_back(tensor);
  return FromTf(status.get());
}

}  // namespace

Status ReadVariables(TF_Graph* graph, TF_Session* session,
                     const std::vector<GraphVariable>& variables,
                     const std::vector<std::string>& unneeded, std::vector<TensorHandle>* values) {
  values->clear();
  values->resize(variables.size());
  std::vector<TF_Operation*> operations;
  std::vector<TF_Output> reads, fetches;
  for (size_t i = 0; i < variables.size(); ++i) {
    TF_Operation* oper = TF_GraphOperationByName(graph, std::string(variables[i].name).c_str());
    if (oper == nullptr) return Status(Code::kInternal, "a variable is not in the graph");
    operations.push_back(oper);
    reads.push_back(TF_Output{oper, 0});
    if (!variables[i].is_resource) continue;
    const Status status =
        AddReader(graph, "ReadVariableOp", oper, i, &variables[i].dtype, &reads.back());
    if (!status.ok()) return status;
  }
  std::vector<const TF_Operation*> freers;
  for (const std::string& variable : unneeded) {
    const TF_Operation* freer = nullptr;
    Status status = AddFreer(graph, variable, freers.size(), &freer);
    if (!status.ok()) return status;
    if (freer != nullptr) freers.push_back(freer);
  }
  // As a rule all are initialized; and each list of fetches costs TensorFlow as much as a
  // signature.
  if (FetchAll(session, reads, freers, values).ok()) return Status();
  values->clear();
  values->resize(variables.size());
  for (size_t i = 0; i < variables.size(); ++i) {
    const char* op = variables[i].is_resource ? "VarIsInitializedOp" : "IsVariableInitialized";
    Status status = AddReader(graph, op, operations[i], i, nullptr, &fetches.emplace_back());
    if (!status.ok()) return status;
  }
  std::vector<TensorHandle> are_initialized;
  Status status = FetchAll(session, fetches, freers, &are_initialized);
  if (!status.ok()) return status;
  std::vector<size_t> read;
  fetches.clear();
  for (size_t i = 0; i < variables.size(); ++i) {
    bool is_initialized = false;
    std::memcpy(&is_initialized, TF_TensorData(are_initialized[i].get()), 1);
    if (!is_initialized) continue;
    read.push_back(i);
    fetches.push_back(reads[i]);
  }
  std::vector<TensorHandle> fetched;
  status = FetchAll(session, fetches, {}, &fetched);
  if (!status.ok()) return status;
  for (size_t i = 0; i < read.size(); ++i) (*values)[read[i]] = std::move(fetched[i]);
  return Status();
}

}  // namespace tensorgate

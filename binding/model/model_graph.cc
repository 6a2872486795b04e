#include "model/model_graph.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "graph/attr_value.h"
#include "graph/graph_def.h"
#include "graph/message.h"
#include "rows/row_proof.h"
#include "tensor/dtype.h"
#include "tf/status.h"

namespace tensorgate {
namespace {

constexpr size_t kMaxConstant = size_t{64} << 10;

// GraphDef: node 1, library 2 { function 1 }.
constexpr uint32_t kGraphNode = 1;
constexpr uint32_t kGraphLibrary = 2;
constexpr uint32_t kGraphFunction = 1;

// As TensorFlow infers it. False: it is not known in full.
bool ReadInferredShape(TF_Graph* graph, const TF_Output& output, std::vector<int64_t>* dims) {
  StatusHandle status(TF_NewStatus());
  const int rank = TF_GraphGetTensorNumDims(graph, output, status.get());
  if (TF_GetCode(status.get()) != TF_OK || rank < 0) return false;
  dims->resize(static_cast<size_t>(rank));
  TF_GraphGetTensorShape(graph, output, dims->data(), rank, status.get());
  return TF_GetCode(status.get()) == TF_OK &&
         std::all_of(dims->begin(), dims->end(), [](int64_t size) { return size >= 0; });
}

// False: it has few, or strings, whose size nothing says.
bool IsLargeConstant(TF_Graph* graph, TF_Operation* oper, std::vector<int64_t>* dims) {
  if (std::string_view(TF_OperationOpType(oper)) != "Const") return false;
  const TF_Output output{oper, 0};
  if (!ReadInferredShape(graph, output, dims)) return false;
  size_t bytes = ElementSize(static_cast<DataType>(TF_OperationOutputType(output)));
  for (const int64_t dim : *dims) {
    if (__builtin_mul_overflow(bytes, static_cast<size_t>(dim), &bytes)) return false;
  }
  return bytes > kMaxConstant;
}

void AppendWithoutValue(TF_Operation* oper, const std::vector<int64_t>& dims, std::string* out) {
  const std::string attr = ShapeAttr(dims);
  Node node;
  node.name = TF_OperationName(oper);
  node.op = "Const";
  node.attrs.push_back({"shape", attr});
  AppendNode(node, out);
}

// A NodeDef with one attribute more (attr 5), a list of shapes (list 1, its shape 7).
void AppendWithShapes(TF_Graph* graph, TF_Operation* oper, std::string_view node_def,
                      std::string* out) {
  std::string shapes, attr, entry;
  for (int i = 0; i < TF_OperationNumOutputs(oper); ++i) {
    std::vector<int64_t> dims;
    if (!ReadInferredShape(graph, TF_Output{oper, i}, &dims)) dims = {-1};
    std::string_view shape;
    const std::string of_output = ShapeAttr(dims);
    if (ReadShapeAttr(of_output, &shape)) AppendBytesField(7, shape, &shapes);
  }
  AppendBytesField(1, shapes, &attr);
  AppendBytesField(1, kKnownShapes, &entry);
  AppendBytesField(2, attr, &entry);
  std::string node(node_def);
  AppendBytesField(5, entry, &node);
  AppendBytesField(kGraphNode, node, out);
}

std::string_view BytesIn(const BufferHandle& buffer) {
  return {static_cast<const char*>(buffer->data), buffer->length};
}

}  // namespace

Status SerializeWithoutWeights(TF_Graph* graph, std::string* graph_def) {
  StatusHandle status(TF_NewStatus());
  size_t position = 0;
  std::vector<int64_t> dims;
  while (TF_Operation* oper = TF_GraphNextOperation(graph, &position)) {
    if (IsLargeConstant(graph, oper, &dims)) {
      AppendWithoutValue(oper, dims, graph_def);
      continue;
    }
    BufferHandle node(TF_NewBuffer());
    TF_OperationToNodeDef(oper, node.get(), status.get());
    if (TF_GetCode(status.get()) != TF_OK) return FromTf(status.get());
    AppendWithShapes(graph, oper, BytesIn(node), graph_def);
  }
  std::vector<TF_Function*> functions(static_cast<size_t>(TF_GraphNumFunctions(graph)));
  const int count = TF_GraphGetFunctions(graph, functions.data(),
                                         static_cast<int>(functions.size()), status.get());
  if (TF_GetCode(status.get()) != TF_OK) return FromTf(status.get());
  std::vector<std::unique_ptr<TF_Function, TfDelete<&TF_DeleteFunction>>> owned(
      functions.begin(), functions.begin() + count);
  for (const auto& function : owned) {
    BufferHandle definition(TF_NewBuffer());
    TF_FunctionToFunctionDef(function.get(), definition.get(), status.get());
    if (TF_GetCode(status.get()) != TF_OK) return FromTf(status.get());
    std::string library;
    AppendBytesField(kGraphFunction, BytesIn(definition), &library);
    AppendBytesField(kGraphLibrary, library, graph_def);
  }
  return Status();
}

}  // namespace tensorgate

#include "runtime/graph_reader.h"

#include <algorithm>
#include <set>

#include "codec/message_fields.h"
#include "graph/attr_value.h"
#include "graph/message.h"
#include "tf/status.h"

namespace tensorgate {
namespace {

// GraphDef: node 1, library 2. FunctionDefLibrary: function 1.
constexpr uint32_t kNode = 1;
constexpr uint32_t kLibrary = 2;
constexpr uint32_t kLibraryFunction = 1;
// What shapes, axes and the like are computed from is no larger.
constexpr int64_t kMaxConstantElements = 1024;

std::string_view SerializedBytes(const BufferHandle& buffer) {
  return {static_cast<const char*>(buffer->data), buffer->length};
}

// TensorShapeProto: dim 2 { size 1 }.
std::string ShapeProto(const std::vector<int64_t>& dims) {
  std::string proto;
  for (int64_t size : dims) {
    std::string dim;
    AppendVarintField(1, static_cast<uint64_t>(size), &dim);
    AppendBytesField(2, dim, &proto);
  }
  return proto;
}

// As TensorFlow infers it. False: it is not known in full.
bool ReadShape(TF_Graph* graph, const TF_Output& output, std::vector<int64_t>* dims) {
  StatusHandle status(TF_NewStatus());
  const int rank = TF_GraphGetTensorNumDims(graph, output, status.get());
  if (TF_GetCode(status.get()) != TF_OK || rank < 0) return false;
  dims->resize(static_cast<size_t>(rank));
  TF_GraphGetTensorShape(graph, output, dims->data(), rank, status.get());
  return TF_GetCode(status.get()) == TF_OK &&
         std::all_of(dims->begin(), dims->end(), [](int64_t size) { return size >= 0; });
}

// A constant with the shape in place of its value, if it is large.
bool AppendLargeConstant(TF_Graph* graph, TF_Operation* oper, std::string* bytes) {
  if (std::string_view(TF_OperationOpType(oper)) != "Const") return false;
  const TF_Output output{oper, 0};
  std::vector<int64_t> dims;
  if (!ReadShape(graph, output, &dims)) return false;
  int64_t elements = 1;
  for (int64_t size : dims) {
    if (__builtin_mul_overflow(elements, size, &elements)) return false;
  }
  if (elements <= kMaxConstantElements) return false;
  const std::string type = TypeAttr(static_cast<DataType>(TF_OperationOutputType(output)));
  const std::string shape = ShapeAttr(dims);
  Node node;
  node.name = TF_OperationName(oper);
  node.op = "Const";
  node.attrs = {{"dtype", type}, {"shape", shape}};
  AppendNode(node, bytes);
  return true;
}

// NodeDef with one attribute more (attr 5), whose value is a list of shapes (list 1, its shape 7).
void AppendWithShapes(TF_Graph* graph, TF_Operation* oper, std::string_view node,
                      std::string* bytes) {
  std::string shapes, attr, entry;
  for (int i = 0; i < TF_OperationNumOutputs(oper); ++i) {
    std::vector<int64_t> dims;
    if (!ReadShape(graph, TF_Output{oper, i}, &dims)) dims = {-1};
    AppendBytesField(7, ShapeProto(dims), &shapes);
  }
  AppendBytesField(1, shapes, &attr);
  AppendBytesField(1, kKnownShapes, &entry);
  AppendBytesField(2, attr, &entry);
  std::string field;
  AppendBytesField(5, entry, &field);
  AppendBytesField(kNode, std::string(node) + field, bytes);
}

Status AppendNodes(TF_Graph* graph, const std::vector<TF_Output>& fetches, std::string* bytes) {
  std::set<TF_Operation*> seen;
  std::vector<TF_Operation*> waiting;
  const auto visit = [&](TF_Operation* oper) {
    if (seen.insert(oper).second) waiting.push_back(oper);
  };
  for (const TF_Output& fetch : fetches) visit(fetch.oper);
  StatusHandle status(TF_NewStatus());
  while (!waiting.empty()) {
    TF_Operation* oper = waiting.back();
    waiting.pop_back();
    if (!AppendLargeConstant(graph, oper, bytes)) {
      BufferHandle node(TF_NewBuffer());
      TF_OperationToNodeDef(oper, node.get(), status.get());
      if (TF_GetCode(status.get()) != TF_OK) return FromTf(status.get());
      AppendWithShapes(graph, oper, SerializedBytes(node), bytes);
    }
    for (int i = 0; i < TF_OperationNumInputs(oper); ++i) {
      visit(TF_OperationInput(TF_Input{oper, i}).oper);
    }
  }
  return Status();
}

struct DeleteFunction {
  void operator()(TF_Function* function) const noexcept { TF_DeleteFunction(function); }
};

Status AppendFunctions(TF_Graph* graph, std::string* bytes) {
  StatusHandle status(TF_NewStatus());
  std::vector<TF_Function*> found(static_cast<size_t>(TF_GraphNumFunctions(graph)));
  const int count =
      TF_GraphGetFunctions(graph, found.data(), static_cast<int>(found.size()), status.get());
  if (TF_GetCode(status.get()) != TF_OK) return FromTf(status.get());
  std::string library;
  Status first_error;
  for (int i = 0; i < count; ++i) {
    const std::unique_ptr<TF_Function, DeleteFunction> function(found[static_cast<size_t>(i)]);
    BufferHandle body(TF_NewBuffer());
    TF_FunctionToFunctionDef(function.get(), body.get(), status.get());
    if (TF_GetCode(status.get()) == TF_OK) {
      AppendBytesField(kLibraryFunction, SerializedBytes(body), &library);
    } else if (first_error.ok()) {
      first_error = FromTf(status.get());
    }
  }
  AppendBytesField(kLibrary, library, bytes);
  return first_error;
}

}  // namespace

Status ReadGraph(TF_Graph* graph, const std::vector<TF_Output>& fetches, std::string* bytes,
                 GraphDef* graph_def) {
  Status status = AppendNodes(graph, fetches, bytes);
  if (status.ok()) status = AppendFunctions(graph, bytes);
  return status.ok() ? ReadGraphDef(*bytes, graph_def) : status;
}

// OpDef: output_arg 3. ArgDef: name 1, number_attr 5, type_list_attr 6.
bool FindOpIn(TF_Graph* graph, std::string_view op, std::vector<OpOutput>* outputs) {
  StatusHandle status(TF_NewStatus());
  BufferHandle op_def(TF_NewBuffer());
  TF_GraphGetOpDef(graph, std::string(op).c_str(), op_def.get(), status.get());
  if (TF_GetCode(status.get()) != TF_OK) return false;
  return ForEachBytes(SerializedBytes(op_def), 3, [&](std::string_view arg) {
    OpOutput& output = outputs->emplace_back();
    return ForEachBytes(arg, [&](uint32_t field, std::string_view text) {
      if (field == 1) output.name = text;
      if (field == 5) output.number_attr = text;
      if (field == 6) output.type_list_attr = text;
      return true;
    });
  });
}

}  // namespace tensorgate

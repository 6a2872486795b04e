#include "plan/checkpoint_values.h"

#include <map>
#include <memory>
#include <string_view>
#include <utility>

#include "graph/attr_value.h"
#include "graph/message.h"
#include "graph/restored_variables.h"
#include "model/quiet_runs.h"
#include "plan/optimizers.h"

namespace tensorgate {
namespace {

constexpr char kRestore[] = "restore";

struct CheckpointTensor {
  std::string name;
  DataType dtype;
};

// An AttrValue with a TensorProto of strings: tensor 8 { dtype 1, tensor_shape 2, string_val 8 }.
std::string StringsAttr(const std::vector<int64_t>& dims, const std::vector<std::string>& texts) {
  const std::string shape_attr = ShapeAttr(dims);
  std::string_view shape;
  ReadShapeAttr(shape_attr, &shape);
  std::string tensor, attr;
  AppendVarintField(1, static_cast<uint64_t>(DataType::kString), &tensor);
  AppendBytesField(2, shape, &tensor);
  for (const std::string& text : texts) AppendBytesField(8, text, &tensor);
  AppendBytesField(8, tensor, &attr);
  return attr;
}

void AppendStrings(std::string_view name, const std::vector<int64_t>& dims,
                   const std::vector<std::string>& texts, std::string* graph_def) {
  const std::string dtype = TypeAttr(DataType::kString), value = StringsAttr(dims, texts);
  AppendNode({name, "Const", "", {}, {{"dtype", dtype}, {"value", value}}}, graph_def);
}

// The op that TensorFlow's loader reads with.
Status ReadTensors(const std::string& config_proto, const std::string& prefix,
                   const std::vector<CheckpointTensor>& tensors,
                   std::vector<TensorHandle>* values) {
  std::vector<std::string> names, fetches;
  std::vector<DataType> dtypes;
  for (size_t i = 0; i < tensors.size(); ++i) {
    names.push_back(tensors[i].name);
    dtypes.push_back(tensors[i].dtype);
    fetches.push_back(kRestore + (":" + std::to_string(i)));
  }
  const std::vector<int64_t> count = {static_cast<int64_t>(tensors.size())};
  std::string graph_def;
  AppendStrings("prefix", {}, {prefix}, &graph_def);
  AppendStrings("names", count, names, &graph_def);
  AppendStrings("slices", count, std::vector<std::string>(tensors.size()), &graph_def);
  const std::string types = TypeListAttr(dtypes);
  AppendNode({kRestore, "RestoreV2", "", {"prefix", "names", "slices"}, {{"dtypes", types}}},
             &graph_def);
  const QuietRuns quiet;
  std::unique_ptr<GraphSession> session;
  Status status = GraphSession::Create(WithoutOptimizers(config_proto), graph_def, {}, &session);
  return status.ok() ? session->RunByName(nullptr, {}, {}, fetches, {}, nullptr, values) : status;
}

// Whether an assignment to the variable takes the value.
bool Fits(const Node& variable, DataType dtype, const TF_Tensor* value) {
  const std::string_view* shape = variable.attr("shape");
  std::string_view text;
  std::vector<int64_t> dims;
  if (TF_TensorType(value) != static_cast<TF_DataType>(dtype)) return false;
  if (shape == nullptr || !ReadShapeAttr(*shape, &text) || !ReadDims(text, &dims)) return true;
  bool fits = static_cast<size_t>(TF_NumDims(value)) == dims.size();
  for (size_t i = 0; fits && i < dims.size(); ++i) {
    fits = dims[i] < 0 || dims[i] == TF_Dim(value, static_cast<int>(i));
  }
  return fits;
}

}  // namespace

Status CheckpointValues::Read(const std::vector<GraphVariable>& variables,
                              std::vector<TensorHandle>* values) {
  std::map<ResourceName, std::string> restored;
  if (!FindRestoredVariables(saved_.meta_graph_def, saved_.graph, &restored)) {
    return CannotFreeze("its variables are not only what its checkpoint has");
  }
  const NodesByName nodes = NodesByNameOf(saved_.graph.nodes);
  std::vector<CheckpointTensor> tensors;
  for (const GraphVariable& variable : variables) {
    const auto node = nodes.find(variable.name);
    if (!variable.is_resource || node == nodes.end())
      return CannotFreeze("a variable is no resource");
    const auto found = restored.find(ResourceOf(*node->second));
    if (found == restored.end()) return CannotFreeze("a variable is not restored");
    tensors.push_back({found->second, variable.dtype});
  }
  Status status = ReadTensors(config_proto_, folder_ + "/variables/variables", tensors, values);
  for (size_t i = 0; status.ok() && i < variables.size(); ++i) {
    if (!Fits(*nodes.at(variables[i].name), variables[i].dtype, (*values)[i].get())) {
      status = CannotFreeze("a variable is of another shape than its value");
    }
  }
  return status;
}

}  // namespace tensorgate

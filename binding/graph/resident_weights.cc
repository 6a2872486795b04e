#include "graph/resident_weights.h"

#include <utility>

#include "graph/attr_value.h"

namespace tensorgate {
namespace {

// No node that TensorFlow makes has such a name.
constexpr std::string_view kWeightPrefix = "tensorgate/weights/";

}  // namespace

ResidentWeight AppendResident(const Node& node, std::string_view dtype,
                              const std::vector<int64_t>& dims, size_t number, std::string* out) {
  const std::string name = std::string(kWeightPrefix) + std::to_string(number);
  const std::string shape = ShapeAttr(dims), shared_name = StringAttr(name);
  // The handle comes when what it stands for would.
  const Node variable{name,
                      "VarHandleOp",
                      node.device,
                      node.inputs,
                      {{"dtype", dtype}, {"shape", shape}, {"shared_name", shared_name}}};
  AppendNode(variable, out);
  AppendNode({node.name, "ReadVariableOp", node.device, {variable.name}, {{"dtype", dtype}}}, out);
  return AppendAssignment(variable, number, out);
}

bool IsResident(const Node& variable, size_t* number) {
  if (variable.op != "VarHandleOp" ||
      variable.name.substr(0, kWeightPrefix.size()) != kWeightPrefix ||
      variable.attr("dtype") == nullptr) {
    return false;
  }
  *number = 0;
  for (char digit : variable.name.substr(kWeightPrefix.size())) {
    if (digit < '0' || digit > '9' || *number > 100'000'000) return false;
    *number = *number * 10 + static_cast<size_t>(digit - '0');
  }
  return true;
}

ResidentWeight AppendAssignment(const Node& variable, size_t number, std::string* out) {
  const std::string fed = std::string(variable.name) + "/value";
  const std::string assign = std::string(variable.name) + "/assign";
  const std::string read = std::string(variable.name) + "/read";
  const std::vector<Attr> typed = {{"dtype", *variable.attr("dtype")}};
  AppendNode({fed, "Placeholder", variable.device, {}, typed}, out);
  AppendNode({assign, "AssignVariableOp", variable.device, {variable.name, fed}, typed}, out);
  AppendNode({read, "ReadVariableOp", variable.device, {variable.name}, typed}, out);
  return {number, fed + ":0", assign, read + ":0"};
}

}  // namespace tensorgate

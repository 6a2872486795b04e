#include "graph/graph_def.h"

#include <algorithm>

#include "graph/message.h"

namespace tensorgate {
namespace {

// GraphDef: node 1, library 2, versions 4. FunctionDefLibrary: function 1.
constexpr uint32_t kNode = 1;
constexpr uint32_t kLibrary = 2;
constexpr uint32_t kVersions = 4;
constexpr uint32_t kLibraryFunction = 1;

// NodeDef: name 1, op 2, input 3, device 4, attr 5. What it says for debuggers (6, 7) is left out.
bool ReadNode(std::string_view bytes, Node* node) {
  return ForEachBytes(bytes, [&](uint32_t field, std::string_view value) {
    if (field == 1) node->name = value;
    if (field == 2) node->op = value;
    if (field == 3) node->inputs.push_back(value);
    if (field == 4) node->device = value;
    if (field != 5) return true;
    Attr& attr = node->attrs.emplace_back();
    return ReadMapEntry(value, &attr.name, &attr.value);
  });
}

// ArgDef: name 1, type 3.
bool ReadArg(std::string_view bytes, FunctionArg* arg) {
  arg->arg_def = bytes;
  return ForEachField(bytes, [&](uint32_t field, WireType type, WireReader* reader) {
    if (field == 1 && type == WireType::kBytes) return reader->ReadBytes(&arg->name);
    if (field != 3 || type != WireType::kVarint) return reader->Skip(field, type);
    uint64_t number;
    if (!reader->ReadVarint(&number)) return false;
    arg->type = static_cast<DataType>(static_cast<int32_t>(number));
    return true;
  });
}

// OpDef: name 1, input_arg 2, output_arg 3. Flags, which are numbers, are left out of a function
// that is changed: above all is_stateful.
bool ReadSignature(std::string_view bytes, Function* function) {
  return ForEachBytes(bytes, [&](uint32_t field, std::string_view value) {
    if (field == 1) function->name = value;
    if (field == 2) return ReadArg(value, &function->inputs.emplace_back());
    if (field == 3) return ReadArg(value, &function->outputs.emplace_back());
    if (field > 3) function->signature.emplace_back(field, value);
    return true;
  });
}

// map<uint32, ArgAttrs>
bool ReadArgAttrs(std::string_view entry, Function* function) {
  auto& attrs = function->arg_attrs.emplace_back(0, std::string_view());
  return ForEachField(entry, [&](uint32_t field, WireType type, WireReader* reader) {
    if (field == 2 && type == WireType::kBytes) return reader->ReadBytes(&attrs.second);
    if (field != 1 || type != WireType::kVarint) return reader->Skip(field, type);
    uint64_t number;
    if (!reader->ReadVarint(&number)) return false;
    attrs.first = static_cast<uint32_t>(number);
    return true;
  });
}

// FunctionDef: signature 1, node_def 3, ret 4, attr 5, control_ret 6, arg_attr 7. What says which
// arguments are the same resource (8) is left out.
bool ReadFunction(std::string_view bytes, Function* function) {
  function->bytes = bytes;
  return ForEachBytes(bytes, [&](uint32_t field, std::string_view value) {
    switch (field) {
      case 1:
        return ReadSignature(value, function);
      case 3:
        return ReadNode(value, &function->nodes.emplace_back());
      case 4: {
        auto& [output, tensor] = function->returns.emplace_back();
        return ReadMapEntry(value, &output, &tensor);
      }
      case 5: {
        Attr& attr = function->attrs.emplace_back();
        return ReadMapEntry(value, &attr.name, &attr.value);
      }
      case 6:
        function->others.emplace_back(field, value);
        return true;
      case 7:
        return ReadArgAttrs(value, function);
      default:
        return true;
    }
  });
}

void AppendEntry(uint32_t field, std::string_view key, std::string_view value, std::string* out) {
  std::string entry;
  AppendBytesField(1, key, &entry);
  AppendBytesField(2, value, &entry);
  AppendBytesField(field, entry, out);
}

void AppendNodeAs(uint32_t as, const Node& node, std::string* out) {
  std::string bytes;
  AppendBytesField(1, node.name, &bytes);
  AppendBytesField(2, node.op, &bytes);
  for (std::string_view input : node.inputs) AppendBytesField(3, input, &bytes);
  if (!node.device.empty()) AppendBytesField(4, node.device, &bytes);
  for (const Attr& attr : node.attrs) AppendEntry(5, attr.name, attr.value, &bytes);
  AppendBytesField(as, bytes, out);
}

std::string FunctionBytes(const Function& function) {
  if (!function.bytes.empty()) return std::string(function.bytes);
  std::string signature;
  AppendBytesField(1, function.name, &signature);
  for (const FunctionArg& arg : function.inputs) AppendBytesField(2, arg.arg_def, &signature);
  for (const FunctionArg& arg : function.outputs) AppendBytesField(3, arg.arg_def, &signature);
  for (const auto& [field, value] : function.signature) AppendBytesField(field, value, &signature);
  std::string bytes;
  AppendBytesField(1, signature, &bytes);
  for (const Node& node : function.nodes) AppendNodeAs(3, node, &bytes);
  for (const auto& [output, tensor] : function.returns) AppendEntry(4, output, tensor, &bytes);
  for (const Attr& attr : function.attrs) AppendEntry(5, attr.name, attr.value, &bytes);
  for (const auto& [field, value] : function.others) AppendBytesField(field, value, &bytes);
  for (const auto& [index, attrs] : function.arg_attrs) {
    std::string entry;
    AppendVarintField(1, index, &entry);
    AppendBytesField(2, attrs, &entry);
    AppendBytesField(7, entry, &bytes);
  }
  return bytes;
}

}  // namespace

const std::string_view* Node::attr(std::string_view name) const {
  for (const Attr& attr : attrs) {
    if (attr.name == name) return &attr.value;
  }
  return nullptr;
}

void Node::SetAttr(std::string_view name, std::string_view value) {
  for (Attr& attr : attrs) {
    if (attr.name != name) continue;
    attr.value = value;
    return;
  }
  attrs.push_back({name, value});
}

void Node::DropAttr(std::string_view name) {
  attrs.erase(std::remove_if(attrs.begin(), attrs.end(),
                             [&](const Attr& attr) { return attr.name == name; }),
              attrs.end());
}

size_t Node::data_inputs() const {
  size_t count = 0;
  while (count < inputs.size() && (inputs[count].empty() || inputs[count][0] != '^')) ++count;
  return count;
}

NodesByName NodesByNameOf(const std::vector<Node>& nodes) {
  NodesByName by_name;
  for (const Node& node : nodes) by_name.emplace(node.name, &node);
  return by_name;
}

std::string_view NodeOf(std::string_view input) {
  if (!input.empty() && input[0] == '^') input.remove_prefix(1);
  return input.substr(0, input.find(':'));
}

Status ReadGraphDef(std::string_view bytes, GraphDef* graph) {
  const bool read = ForEachBytes(bytes, [&](uint32_t field, std::string_view value) {
    if (field == kVersions) graph->versions = value;
    if (field == kNode) return ReadNode(value, &graph->nodes.emplace_back());
    if (field != kLibrary) return true;
    return ForEachBytes(value, [&](uint32_t in_library, std::string_view function) {
      return in_library != kLibraryFunction ||
             ReadFunction(function, &graph->functions.emplace_back());
    });
  });
  return read ? Status() : InvalidArgument("the GraphDef is malformed");
}

void AppendNode(const Node& node, std::string* out) { AppendNodeAs(kNode, node, out); }

void AppendLibrary(const std::vector<const Function*>& functions, std::string* out) {
  std::string library;
  for (const Function* function : functions) {
    AppendBytesField(kLibraryFunction, FunctionBytes(*function), &library);
  }
  AppendBytesField(kLibrary, library, out);
}

void AppendVersions(std::string_view versions, std::string* out) {
  AppendBytesField(kVersions, versions, out);
}

}  // namespace tensorgate

// GraphDef: a graph and its functions as nodes with names, read from the wire and written again.
// Views point into the bytes that were read, or into what a caller keeps beside them. Knows no
// TensorFlow; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "status/status.h"
#include "tensor/dtype.h"

namespace tensorgate {

struct Attr {
  std::string_view name;
  std::string_view value;  // AttrValue
};

struct Node {
  std::string_view name;
  std::string_view op;
  std::string_view device;
  std::vector<std::string_view> inputs;  // data first, then "^control"
  std::vector<Attr> attrs;

  // Null when there is none of that name.
  const std::string_view* attr(std::string_view name) const;
  void SetAttr(std::string_view name, std::string_view value);
  void DropAttr(std::string_view name);
  size_t data_inputs() const;  // how many of `inputs` are no control inputs
};

// OpDef.ArgDef of a function.
struct FunctionArg {
  std::string_view name;
  DataType type = DataType::kInvalid;  // kInvalid: an attribute says it
  std::string_view arg_def;            // serialized
};

struct Function {
  std::string_view name;
  std::string_view bytes;  // as it was read; emptied by who changes what follows
  std::vector<FunctionArg> inputs;
  std::vector<FunctionArg> outputs;
  std::vector<std::pair<uint32_t, std::string_view>> signature;  // other fields of the OpDef
  std::vector<Node> nodes;
  std::vector<std::pair<std::string_view, std::string_view>> returns;  // output, tensor
  std::vector<Attr> attrs;
  std::vector<std::pair<uint32_t, std::string_view>> arg_attrs;  // index, ArgAttrs
  std::vector<std::pair<uint32_t, std::string_view>> others;     // other fields
};

struct GraphDef {
  std::vector<Node> nodes;
  std::vector<Function> functions;
  std::string_view versions;  // VersionDef
};

// Of a graph or of a function. OWNERSHIP: points into `nodes`.
using NodesByName = std::unordered_map<std::string_view, const Node*>;
NodesByName NodesByNameOf(const std::vector<Node>& nodes);

// The node that an input names: what stands before the output of a tensor, and of "^node" the node.
std::string_view NodeOf(std::string_view input);

inline bool IsControl(std::string_view input) { return !input.empty() && input[0] == '^'; }

inline bool StartsWith(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

// ERRORS: INVALID_ARGUMENT when the bytes are malformed.
Status ReadGraphDef(std::string_view bytes, GraphDef* graph);

// Append one field `node` of a GraphDef, or `library` with the functions and `versions`.
void AppendNode(const Node& node, std::string* out);
void AppendLibrary(const std::vector<const Function*>& functions, std::string* out);
void AppendVersions(std::string_view versions, std::string* out);

}  // namespace tensorgate

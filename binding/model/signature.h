// The signatures of a SavedModel, read from the MetaGraphDef that TensorFlow returns with the
// session. Immutable after load; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "status/status.h"
#include "tensor/dtype.h"

namespace tensorgate {

struct TensorInfo {
  std::string alias;        // the name clients use
  std::string tensor_name;  // the graph's, "op:0"; empty for sparse and composite tensors
  DataType dtype = DataType::kInvalid;  // as declared; may be a reference type
  bool unknown_rank = true;
  std::vector<int64_t> dims;  // -1 = unknown
};

struct SignatureDef {
  std::string name;
  std::string method_name;
  std::vector<TensorInfo> inputs;                             // sorted by alias
  std::vector<TensorInfo> outputs;                            // sorted by alias
  std::vector<std::pair<std::string, std::string>> defaults;  // alias, TensorProto bytes; sorted
};

struct MetaGraph {
  std::vector<SignatureDef> signatures;  // sorted by name
  // tensorflow.serving.SignatureDefMap with every signature as the model has it, byte for byte.
  std::string signature_def_map;
};

// ERRORS: DATA_LOSS when the bytes are not a MetaGraphDef.
Status ReadMetaGraph(std::string_view meta_graph_def, MetaGraph* meta_graph);

// The same of a serialized tensorflow.serving.SignatureDefMap alone.
Status ReadSignatureDefMap(std::string_view map, MetaGraph* meta_graph);

}  // namespace tensorgate

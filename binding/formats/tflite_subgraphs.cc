#include "formats/tflite_subgraphs.h"

#include <algorithm>
#include <set>
#include <string>

#include "formats/flatbuffer.h"
#include "formats/model_file.h"
#include "formats/tflite_ops.h"
#include "formats/tflite_schema.h"

namespace tensorgate {
namespace {

// Of ops; more are in no graph that is looked at.
constexpr size_t kMostOperators = 200'000;

Status NoGraph(const std::string& why) {
  return InvalidArgument("the TFLite file has no such graph: " + why);
}

// Those of StableHLO, which are not named here, may call graphs as well.
bool NamesGraphs(std::string_view op) {
  static const std::set<std::string_view> ops = {
      "",          "CALL",  "CALL_ONCE",       "DELEGATE",
      "IF",        "WHILE", "ASSIGN_VARIABLE", "READ_VARIABLE",
      "VAR_HANDLE"};
  return ops.count(op) > 0;
}

bool ReadOp(const FlatVector& codes, const FlatTable& op, int32_t* builtin) {
  uint32_t number = 0;
  FlatTable code;
  int8_t old_code = 0;
  int32_t new_code = 0;
  if (!op.Read(tflite_schema::op::kOpcode, &number) || number >= codes.size() ||
      !codes.TableAt(number, &code) ||
      !code.Read(tflite_schema::operator_code::kOldCode, &old_code) ||
      !code.Read(tflite_schema::operator_code::kCode, &new_code)) {
    return false;
  }
  *builtin = std::max<int32_t>(old_code, new_code);
  return true;
}

}  // namespace

Status FindFurtherGraphs(std::string_view bytes, std::vector<uint32_t>* graphs) {
  FlatTable model;
  FlatVector signatures, subgraphs;
  if (!FlatTable::Root(bytes, "TFL3", &model) ||
      !model.ReadVector(tflite_schema::model::kSubgraphs, sizeof(uint32_t), &subgraphs) ||
      !model.ReadVector(tflite_schema::model::kSignatureDefs, sizeof(uint32_t), &signatures)) {
    return NoGraph("it is malformed");
  }
  std::set<uint32_t> found;
  for (size_t i = 0; i < std::min(signatures.size(), kMaxFileSignatures); ++i) {
    FlatTable signature;
    uint32_t graph = 0;
    if (!signatures.TableAt(i, &signature) ||
        !signature.Read(tflite_schema::signature::kSubgraph, &graph)) {
      return NoGraph("it is malformed");
    }
    if (graph != 0 && graph < subgraphs.size() && found.size() < kMaxFurtherGraphs)
      found.insert(graph);
  }
  graphs->assign(found.begin(), found.end());
  return Status();
}

Status PutGraphFirst(std::string_view bytes, uint32_t graph, TflitePatch* patch) {
  FlatTable model, table;
  FlatVector subgraphs, codes, operators;
  if (!FlatTable::Root(bytes, "TFL3", &model) ||
      !model.ReadVector(tflite_schema::model::kSubgraphs, sizeof(uint32_t), &subgraphs) ||
      !model.ReadVector(tflite_schema::model::kOperatorCodes, sizeof(uint32_t), &codes) ||
      graph >= subgraphs.size() || !subgraphs.TableAt(graph, &table) ||
      !table.ReadVector(tflite_schema::subgraph::kOperators, sizeof(uint32_t), &operators)) {
    return NoGraph("it is malformed");
  }
  if (operators.size() > kMostOperators) return NoGraph("it is too large");
  for (size_t i = 0; i < operators.size(); ++i) {
    FlatTable op;
    int32_t builtin = 0;
    if (!operators.TableAt(i, &op) || !ReadOp(codes, op, &builtin)) {
      return NoGraph("an op is malformed");
    }
    const std::string_view name = TfliteOpName(builtin);
    if (!NamesGraphs(name)) continue;
    const std::string text =
        name.empty() ? "builtin op " + std::to_string(builtin) : std::string(name);
    return Status(Code::kUnimplemented,
                  "its graph is not the file's first and has the op " + text +
                      ", which may name graphs by their place or have a state");
  }
  // Offsets are counted from where they lie, and lead forward.
  patch->at = subgraphs.place(0);
  if (table.place() <= patch->at) return NoGraph("it lies before what leads to it");
  patch->value = static_cast<uint32_t>(table.place() - patch->at);
  return Status();
}

}  // namespace tensorgate

#include "model/state_changes.h"

#include <algorithm>
#include <set>
#include <utility>

#include "codec/proto/message_fields.h"

namespace tensorgate {

struct StateChanges::Function {
  struct Delete {
    void operator()(TF_Function* function) const noexcept { TF_DeleteFunction(function); }
  };
  std::unique_ptr<TF_Function, Delete> definition;
  bool is_read = false;
  Effects effects;
  std::vector<std::string> calls;
};

namespace {

// Registered as stateful or with inputs by reference, but a run leaves nothing behind: they name or
// read state, keep it for one step only, check a value, or call functions, which are looked at
// themselves. Sorted.
constexpr std::string_view kOnlyRead[] = {
    "Assert",
    "Case",
    "CheckNumerics",
    "CheckNumericsV2",
    "GuaranteeConst",
    "HashTable",
    "HashTableV2",
    "If",
    "IsVariableInitialized",
    "LookupTableExport",
    "LookupTableExportV2",
    "LookupTableFind",
    "LookupTableFindV2",
    "LookupTableSize",
    "LookupTableSizeV2",
    "MutableDenseHashTable",
    "MutableDenseHashTableV2",
    "MutableHashTable",
    "MutableHashTableOfTensors",
    "MutableHashTableOfTensorsV2",
    "MutableHashTableV2",
    "ReadVariableOp",
    "RefEnter",
    "RefExit",
    "RefIdentity",
    "RefMerge",
    "RefNextIteration",
    "RefSelect",
    "RefSwitch",
    "ResourceGather",
    "ResourceGatherNd",
    "StatefulPartitionedCall",
    "StatelessRandomGetAlg",
    "TensorArrayCloseV3",
    "TensorArrayConcatV3",
    "TensorArrayGatherV3",
    "TensorArrayReadV3",
    "TensorArrayScatterV3",
    "TensorArraySizeV3",
    "TensorArraySplitV3",
    "TensorArrayV3",
    "TensorArrayWriteV3",
    "VarHandleOp",
    "VarIsInitializedOp",
    "Variable",
    "VariableShape",
    "VariableV2",
    "While",
    "XlaCallModule",
};

bool OnlyReads(std::string_view op_type) {
  return std::binary_search(std::begin(kOnlyRead), std::end(kOnlyRead), op_type);
}

// Registered as stateless, and yet not harmless: they end the process, write where their attributes
// say, write into their input's memory, or hold a run until others join it.
bool IsHarmful(std::string_view op_type) {
  constexpr std::string_view kPrefixes[] = {"Abort", "BatchFunction", "Debug", "Inplace", "PyFunc"};
  for (std::string_view prefix : kPrefixes) {
    if (op_type.substr(0, prefix.size()) == prefix) return true;
  }
  return false;
}

// Registered as stateless, and yet no function of their inputs: they draw random numbers by
// generators of their own, or read what the file system has. What shuffles or reads files among the
// datasets cannot be told from the others.
bool HasOtherOutputs(std::string_view op_type) {
  constexpr std::string_view kOps[] = {"FractionalAvgPool", "FractionalMaxPool", "MatchingFiles",
                                       "ReadFile", "RiscRandomUniform"};
  return std::find(std::begin(kOps), std::end(kOps), op_type) != std::end(kOps) ||
         op_type.find("Dataset") != std::string_view::npos;
}

// OpDef: input_arg 2 { is_ref 16 }, attr 4 { type 2 }, is_stateful 17.
bool ReadOpDef(std::string_view op_def, bool* may_change, bool* calls_functions) {
  const auto set_flag = [&](uint32_t wanted) {
    return [=](uint32_t field, WireType type, WireReader* reader) {
      if (field != wanted || type != WireType::kVarint) return reader->Skip(field, type);
      uint64_t value;
      if (!reader->ReadVarint(&value)) return false;
      *may_change |= value != 0;
      return true;
    };
  };
  return ForEachField(op_def, set_flag(17)) &&
         ForEachBytes(op_def, 2,
                      [&](std::string_view arg) { return ForEachField(arg, set_flag(16)); }) &&
         ForEachBytes(op_def, 4, [&](std::string_view attr) {
           return ForEachBytes(attr, 2, [&](std::string_view type) {
             *calls_functions |= type == "func" || type == "list(func)";
             return true;
           });
         });
}

constexpr int kMaxAttrNesting = 32;

bool ReadAttr(std::string_view attr_value, int depth, std::vector<std::string>* calls);

// A map<string, AttrValue> entry's value.
bool ReadAttrEntry(std::string_view entry, int depth, std::vector<std::string>* calls) {
  return ForEachBytes(entry, 2,
                      [&](std::string_view value) { return ReadAttr(value, depth, calls); });
}

// NameAttrList: name 1, attr 2.
bool ReadNameAttrList(std::string_view func, int depth, std::vector<std::string>* calls) {
  return ForEachBytes(func, 1,
                      [&](std::string_view name) {
                        calls->emplace_back(name);
                        return true;
                      }) &&
         ForEachBytes(func, 2, [&](std::string_view entry) {
           return ReadAttrEntry(entry, depth + 1, calls);
         });
}

// AttrValue: list 1 { func 9 }, func 10.
bool ReadAttr(std::string_view attr_value, int depth, std::vector<std::string>* calls) {
  if (depth > kMaxAttrNesting) return false;
  const auto func = [&](std::string_view bytes) { return ReadNameAttrList(bytes, depth, calls); };
  return ForEachBytes(attr_value, 10, func) &&
         ForEachBytes(attr_value, 1,
                      [&](std::string_view list) { return ForEachBytes(list, 9, func); });
}

// NodeDef: op 2, attr 5.
bool ReadNode(std::string_view node, std::string* op_type, std::vector<std::string>* calls) {
  return ForEachBytes(node, 2,
                      [&](std::string_view op) {
                        op_type->assign(op);
                        return true;
                      }) &&
         ForEachBytes(node, 5,
                      [&](std::string_view entry) { return ReadAttrEntry(entry, 0, calls); });
}

std::string_view Bytes(const BufferHandle& buffer) {
  return {static_cast<const char*>(buffer->data), buffer->length};
}

}  // namespace

StateChanges::StateChanges(TF_Graph* graph) : graph_(graph) {
  StatusHandle status(TF_NewStatus());
  std::vector<TF_Function*> functions(static_cast<size_t>(TF_GraphNumFunctions(graph)));
  const int count = TF_GraphGetFunctions(graph, functions.data(),
                                         static_cast<int>(functions.size()), status.get());
  // After an error there are none, and every call of one counts as a change.
  for (int i = 0; TF_GetCode(status.get()) == TF_OK && i < count; ++i) {
    TF_Function* function = functions[static_cast<size_t>(i)];
    functions_[TF_FunctionName(function)].definition.reset(function);
  }
}

StateChanges::~StateChanges() = default;

const StateChanges::OpType& StateChanges::TypeOf(const std::string& op_type) {
  const auto [entry, is_new] = op_types_.emplace(op_type, OpType());
  OpType& found = entry->second;
  if (!is_new) return found;
  StatusHandle status(TF_NewStatus());
  BufferHandle op_def(TF_NewBuffer());
  TF_GraphGetOpDef(graph_, op_type.c_str(), op_def.get(), status.get());
  bool may_change = false;
  if (TF_GetCode(status.get()) != TF_OK ||
      !ReadOpDef(Bytes(op_def), &may_change, &found.calls_functions)) {
    return found;
  }
  found.effects.may_change = !OnlyReads(op_type) && (may_change || IsHarmful(op_type));
  found.effects.may_vary = found.effects.may_change || HasOtherOutputs(op_type);
  return found;
}

bool StateChanges::CalledFunctionsOf(TF_Operation* oper, std::vector<std::string>* names) const {
  StatusHandle status(TF_NewStatus());
  BufferHandle node(TF_NewBuffer());
  TF_OperationToNodeDef(oper, node.get(), status.get());
  std::string op_type;
  return TF_GetCode(status.get()) == TF_OK && ReadNode(Bytes(node), &op_type, names);
}

RunEffects StateChanges::Of(const std::vector<TF_Output>& fetches) {
  std::set<TF_Operation*> seen;
  std::vector<TF_Operation*> waiting;
  const auto visit = [&](TF_Operation* oper) {
    if (seen.insert(oper).second) waiting.push_back(oper);
  };
  for (const TF_Output& fetch : fetches) visit(fetch.oper);
  std::vector<std::string> calls;
  RunEffects found;
  while (!waiting.empty()) {
    TF_Operation* oper = waiting.back();
    waiting.pop_back();
    const std::string op_type = TF_OperationOpType(oper);
    if (functions_.count(op_type) > 0) {
      calls.push_back(op_type);  // a function called by its name as an op
    } else {
      const OpType& type = TypeOf(op_type);
      if (type.effects.may_change) found.changed_by = op_type;
      if (type.effects.may_vary) found.varied_by = op_type;
      if (type.calls_functions && !CalledFunctionsOf(oper, &calls)) return Unknown(op_type);
    }
    for (int i = 0; i < TF_OperationNumInputs(oper); ++i) {
      visit(TF_OperationInput(TF_Input{oper, i}).oper);
    }
    std::vector<TF_Operation*> controls(static_cast<size_t>(TF_OperationNumControlInputs(oper)));
    TF_OperationGetControlInputs(oper, controls.data(), static_cast<int>(controls.size()));
    for (TF_Operation* control : controls) visit(control);
  }
  return OfCalls(std::move(calls), std::move(found));
}

// Of functions with all that they call, added to what was found.
RunEffects StateChanges::OfCalls(std::vector<std::string> names, RunEffects found) {
  std::set<std::string> seen;
  while (!names.empty()) {
    const std::string name = std::move(names.back());
    names.pop_back();
    if (!seen.insert(name).second) continue;
    const auto function = functions_.find(name);
    if (function == functions_.end()) return Unknown(name);
    const Effects effects = OfBody(&function->second, &found);
    if (effects.may_change && found.changed_by.empty()) found.changed_by = name;
    if (effects.may_vary && found.varied_by.empty()) found.varied_by = name;
    const std::vector<std::string>& calls = function->second.calls;
    names.insert(names.end(), calls.begin(), calls.end());
  }
  return found;
}

// FunctionDef: node_def 3. All nodes count: TensorFlow keeps stateful ones that no output needs.
// When it is read, which is once, its ops are put into `found`.
StateChanges::Effects StateChanges::OfBody(Function* function, RunEffects* found) {
  if (function->is_read) return function->effects;
  function->is_read = true;
  StatusHandle status(TF_NewStatus());
  BufferHandle body(TF_NewBuffer());
  TF_FunctionToFunctionDef(function->definition.get(), body.get(), status.get());
  if (TF_GetCode(status.get()) != TF_OK) return function->effects;
  Effects effects{false, false};
  const bool is_read = ForEachBytes(Bytes(body), 3, [&](std::string_view node) {
    std::string op_type;
    if (!ReadNode(node, &op_type, &function->calls)) return false;
    if (functions_.count(op_type) > 0) {
      function->calls.push_back(op_type);
    } else {
      const OpType& type = TypeOf(op_type);
      if (type.effects.may_change) found->changed_by = op_type;
      if (type.effects.may_vary) found->varied_by = op_type;
      effects.may_change |= type.effects.may_change;
      effects.may_vary |= type.effects.may_vary;
    }
    return true;
  });
  if (is_read) function->effects = effects;
  return function->effects;
}

}  // namespace tensorgate

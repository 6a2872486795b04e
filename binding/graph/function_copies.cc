// FunctionCopies: see variable_flow.h.
#include <string>
#include <utility>

#include "graph/message.h"
#include "graph/variable_flow.h"

namespace tensorgate {
namespace {

// Calls within calls; each takes some of the thread's stack.
constexpr size_t kMaxCopiesAtOnce = 100;

// An ArgDef with nothing but a name and a type: what else it says is said of a handle.
std::string ValueArg(std::string_view name, DataType type) {
  std::string arg;
  AppendBytesField(1, name, &arg);
  AppendVarintField(3, static_cast<uint64_t>(type), &arg);
  return arg;
}

}  // namespace

FunctionCopies::FunctionCopies(const std::vector<Function>& functions) {
  for (const Function& function : functions) functions_.emplace(function.name, &function);
}

const Function* FunctionCopies::Find(std::string_view name) const {
  const auto found = functions_.find(name);
  return found == functions_.end() ? nullptr : found->second;
}

Status FunctionCopies::Copy(std::string_view name, const std::vector<Flow>& inputs,
                            std::string_view* copy_name, std::vector<Flow>* outputs) {
  const Function* original = Find(name);
  if (original == nullptr) return CannotFreeze("there is no function " + std::string(name));
  const auto [entry, is_new] = made_.try_emplace({original->name, inputs});
  Made& made = entry->second;
  if (is_new) {
    size_t being_made = 0;
    for (const auto& [key, other] : made_) being_made += other.is_done ? 0 : 1;
    if (being_made > kMaxCopiesAtOnce) return CannotFreeze("functions call each other too deeply");
    made.name = Keep(std::string(name) + "_tensorgate_" + std::to_string(made_.size()));
    if (Find(made.name) != nullptr) return CannotFreeze("a function has a copy's name");
    Status status = Make(*original, inputs, &made);
    if (!status.ok()) return status;
    made.is_done = true;
  } else if (!made.is_done) {
    return CannotFreeze("the function " + std::string(name) + " calls itself");
  }
  *copy_name = made.name;
  *outputs = made.outputs;
  return Status();
}

Status FunctionCopies::Make(const Function& original, const std::vector<Flow>& inputs, Made* made) {
  if (inputs.size() != original.inputs.size()) {
    return CannotFreeze("the function " + std::string(original.name) + " has other arguments");
  }
  Function copy = original;
  copy.name = made->name;
  copy.bytes = {};
  std::unordered_map<std::string_view, Flow> sources;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i] == kNoFlow) continue;
    if (original.inputs[i].type != DataType::kResource) {
      return CannotFreeze("an argument of " + std::string(original.name) + " is no resource");
    }
    sources.emplace(original.inputs[i].name, inputs[i]);
    copy.inputs[i].type = inputs[i];
    copy.inputs[i].arg_def = Keep(ValueArg(original.inputs[i].name, inputs[i]));
  }
  VariableFlow flow(original.nodes, std::move(sources), /*in_function=*/true, this);
  copy.nodes.clear();
  for (size_t i = 0; i < original.nodes.size(); ++i) {
    Status status = flow.Rewrite(i, &copy.nodes);
    if (!status.ok()) return status;
  }
  made->outputs.assign(copy.outputs.size(), kNoFlow);
  for (auto& [name, tensor] : copy.returns) {
    for (size_t i = 0; i < copy.outputs.size(); ++i) {
      if (copy.outputs[i].name != name) continue;
      Status status = flow.Of(tensor, &made->outputs[i]);
      if (!status.ok()) return status;
      if (made->outputs[i] == kNoFlow) continue;
      copy.outputs[i].type = made->outputs[i];
      copy.outputs[i].arg_def = Keep(ValueArg(name, made->outputs[i]));
    }
    tensor = flow.Renamed(tensor);
  }
  std::vector<std::pair<uint32_t, std::string_view>> arg_attrs;
  for (const auto& entry : original.arg_attrs) {
    const bool is_value = entry.first < inputs.size() && inputs[entry.first] != kNoFlow;
    if (!is_value) arg_attrs.push_back(entry);
  }
  copy.arg_attrs = std::move(arg_attrs);
  std::vector<Attr> attrs;
  for (const Attr& attr : original.attrs) {
    // The shapes are those of handles; `api_…` offers other functions in this one's place.
    if (attr.name != "_input_shapes" && attr.name.substr(0, 4) != "api_") attrs.push_back(attr);
  }
  copy.attrs = std::move(attrs);
  const Function& kept = copies_.emplace_back(std::move(copy));
  functions_.emplace(kept.name, &kept);
  return Status();
}

}  // namespace tensorgate

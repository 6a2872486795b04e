#include "model/servable.h"

#include <algorithm>
#include <atomic>

#include "cache/response_cache.h"

namespace tensorgate {
namespace {

std::atomic<int64_t> live_servables{0};

}  // namespace

Servable::Servable() { live_servables.fetch_add(1, std::memory_order_relaxed); }
Servable::~Servable() { live_servables.fetch_sub(1, std::memory_order_relaxed); }
int64_t Servable::LiveCount() { return live_servables.load(std::memory_order_relaxed); }

Status Servable::TakeSignatures(std::string_view signature_def_map) {
  MetaGraph meta_graph;
  Status status = ReadSignatureDefMap(signature_def_map, &meta_graph);
  if (!status.ok()) return status;
  // Nothing is behind it but that it is no other servable's.
  auto* const self = reinterpret_cast<TF_Operation*>(this);
  int place = 0;
  for (SignatureDef& def : meta_graph.signatures) {
    Signature& signature = signatures_.emplace_back();
    for (const TensorInfo& input : def.inputs) {
      signature.inputs.push_back(Endpoint{self, place++});
      signature.input_specs.push_back(InputSpec{input.alias, input.dtype});
      signature.defaults.emplace_back();
    }
    signature.outputs.resize(def.outputs.size());
    for (Endpoint& output : signature.outputs) output = Endpoint{self, place++};
    for (const std::vector<TensorInfo>* infos : {&def.inputs, &def.outputs}) {
      for (const TensorInfo& info : *infos) {
        if (IsServable(info.dtype)) continue;
        return InvalidArgument("tensor " + Quoted(info.alias) + " of signature " +
                               Quoted(def.name) + " is of dtype " + DataTypeName(info.dtype) +
                               ", which cannot be served");
      }
    }
    signature.def = std::move(def);
  }
  signature_def_map_ = std::move(meta_graph.signature_def_map);
  return Status();
}

void Servable::Introduce(std::string name, int64_t version, bool checks_method_names) {
  name_ = std::move(name);
  version_ = version;
  checks_method_names_ = checks_method_names;
  statistics_ = RunStatistics::Process().Model(name_);
  if (RequestStatistics::IsOn()) {
    std::vector<std::string> names;
    for (const Signature& signature : signatures_) names.push_back(signature.def.name);
    request_statistics_ = std::make_unique<RequestStatistics>(name_, version_, std::move(names));
  }
  cache_ = std::make_unique<ResponseCache>(name_, version_);
  logger_ = ModelLoggers::Process().Of(name_);
}

bool Signature::has_outputs() const {
  return !outputs.empty() &&
         std::all_of(outputs.begin(), outputs.end(),
                     [](const Endpoint& output) { return output.oper != nullptr; });
}

std::vector<const Signature*> Servable::SignaturesInOrder() const {
  std::vector<const Signature*> order;
  const Signature* first = FindSignature("serving_default");
  if (first != nullptr) order.push_back(first);
  for (const Signature& signature : signatures_) {
    if (&signature != first) order.push_back(&signature);
  }
  return order;
}

const Signature* Servable::FindSignature(std::string_view name) const {
  const auto found = std::lower_bound(
      signatures_.begin(), signatures_.end(), name,
      [](const Signature& signature, std::string_view key) { return signature.def.name < key; });
  return found != signatures_.end() && found->def.name == name ? &*found : nullptr;
}

void Servable::SetSynthetic(const Signature& signature, std::shared_ptr<SyntheticSpec> spec) {
  signatures_[static_cast<size_t>(&signature - signatures_.data())].synthetic = std::move(spec);
}

std::string Servable::UnknownSignature(std::string_view name) const {
  if (signatures_.empty()) return "the model has no signatures, got " + Quoted(name);
  std::string known;
  for (size_t i = 0; i < signatures_.size() && i < kMaxViolations; ++i) {
    if (i > 0) known += ", ";
    known += Quoted(signatures_[i].def.name);
  }
  return "got " + Quoted(name) + ", expected one of " + known;
}

}  // namespace tensorgate

// The features that parsers of tf.Example and tf.SequenceExample ask for: see input_hints.h.
#include <utility>

#include "graph/attr_value.h"
#include "graph/input_hints.h"
#include "graph/message.h"

namespace tensorgate {

struct InputHints::FeatureGroup {
  enum class Kind { kSparse, kDense, kRagged };
  Kind kind = Kind::kSparse;
  bool is_list = false;
  std::string keys;  // of the attribute that has them; empty: they are inputs
  size_t key_slot = 0;
  bool has_slot_per_key = false;
  std::vector<DataType> types;
  std::string shapes;        // of the attribute, where dense
  size_t defaults_slot = 0;  // likewise; 0: it has none
  std::string outputs;       // the group of its values
  size_t first_output = 0;
};

namespace {

constexpr size_t kMaxFeatures = 4096;

std::vector<DataType> TypesOf(const Node& node, const std::string& attr) {
  std::vector<DataType> types;
  const std::string_view* value = node.attr(attr);
  if (value == nullptr || !ReadTypeListAttr(*value, &types)) types.clear();
  return types;
}

// The elements of each shape, of known dimensions; negative where the first one is unknown.
std::vector<int64_t> DenseElements(const Node& node, const std::string& attr) {
  std::vector<int64_t> elements;
  const std::string_view* value = node.attr(attr);
  if (value == nullptr) return elements;
  // AttrValue: list 1 { shape 7 { dim 2 { size 1 } } }
  ForEachBytes(*value, 1, [&](std::string_view list) {
    return ForEachBytes(list, 7, [&](std::string_view shape) {
      int64_t count = 1;
      bool is_varying = false;
      ForEachBytes(shape, 2, [&](std::string_view dim) {
        uint64_t size = 0;
        ForEachField(dim, [&](uint32_t field, WireType type, WireReader* reader) {
          if (field != 1 || type != WireType::kVarint) return reader->Skip(field, type);
          return reader->ReadVarint(&size);
        });
        const int64_t known = static_cast<int64_t>(size);
        is_varying |= known < 0;
        if (known >= 0 && __builtin_mul_overflow(count, known, &count)) count = 0;
        return true;
      });
      elements.push_back(is_varying ? -count : count);
      return true;
    });
  });
  return elements;
}

std::vector<std::string> TextsOf(const Node& node, const std::string& attr) {
  std::vector<std::string> texts;
  const std::string_view* value = node.attr(attr);
  if (value == nullptr) return texts;
  ForEachBytes(*value, 1, [&](std::string_view list) {
    return ForEachBytes(list, 2, [&](std::string_view text) {
      texts.emplace_back(text);
      return true;
    });
  });
  return texts;
}

}  // namespace

// Every parser has sparse, dense and maybe ragged features, in this order of keys and outputs;
// those of sequences have them twice.
void InputHints::ReadFeatures(const Value& value, const Node& node, InputHint* hint) {
  using Kind = FeatureGroup::Kind;
  const bool is_sequence = hint->content == InputHint::Content::kSequenceExample;
  const bool has_key_vectors = node.op.substr(node.op.size() - 2) == "V2";
  const bool has_key_attrs = node.op == "ParseSingleExample" || node.op == "ParseSequenceExample";
  std::vector<FeatureGroup> groups;
  size_t slot = 2;  // behind `serialized` and `names`, or what a sequence has there
  size_t output = 0;
  for (const bool is_list : {false, true}) {
    if (is_list && !is_sequence) continue;
    const std::string prefix = !is_sequence ? "" : is_list ? "feature_list_" : "context_";
    for (const Kind kind : {Kind::kSparse, Kind::kDense, Kind::kRagged}) {
      if (kind == Kind::kRagged && !has_key_vectors) continue;
      FeatureGroup& group = groups.emplace_back();
      const std::string name = kind == Kind::kSparse  ? "sparse"
                               : kind == Kind::kDense ? "dense"
                                                      : "ragged";
      std::string types = prefix + name + "_types";
      if (kind == Kind::kRagged) types = prefix + "ragged_value_types";
      if (kind == Kind::kDense && !is_list) types = is_sequence ? "Tcontext_dense" : "Tdense";
      group.kind = kind;
      group.is_list = is_list;
      group.types = TypesOf(node, types);
      group.outputs = prefix + name + "_values";
      group.shapes = prefix + "dense_shapes";
      const size_t count = group.types.size();
      if (has_key_attrs) {
        group.keys = prefix + name + "_keys";
      } else {
        group.key_slot = slot;
        group.has_slot_per_key = !has_key_vectors;
        slot += has_key_vectors ? 1 : count;
      }
      // Indices and shapes stand around sparse values, splits behind ragged ones.
      group.first_output = output + (kind == Kind::kSparse ? count : 0);
      output += kind == Kind::kSparse ? 3 * count : kind == Kind::kDense ? count : 2 * count;
      if (kind == Kind::kDense && is_list && node.op != "ParseSingleSequenceExample") {
        output += count;  // their lengths
      }
    }
  }
  size_t defaults = slot;
  if (node.op == "ParseSingleExample") defaults = 1;
  if (node.op == "ParseSequenceExampleV2") defaults = slot + 1;  // which ones may be missing
  for (FeatureGroup& group : groups) {
    if (group.kind == Kind::kDense && !group.is_list) group.defaults_slot = defaults;
    AddFeatures(value, node, group, hint);
  }
}

std::vector<std::string> InputHints::Keys(const Scope* scope, const Node& node,
                                          const FeatureGroup& group) {
  if (!group.keys.empty()) return TextsOf(node, group.keys);
  std::vector<std::string> keys;
  const size_t slots = group.has_slot_per_key ? group.types.size() : 1;
  for (size_t i = group.key_slot; i < group.key_slot + slots && i < node.data_inputs(); ++i) {
    for (std::string& key : Strings(scope, node.inputs[i], kMaxFeatures)) {
      keys.push_back(std::move(key));
    }
  }
  return keys;
}

void InputHints::AddFeatures(const Value& value, const Node& node, const FeatureGroup& group,
                             InputHint* hint) {
  using Kind = FeatureGroup::Kind;
  const std::vector<std::string> keys = Keys(value.scope, node, group);
  const std::vector<int64_t> elements = DenseElements(node, group.shapes);
  for (size_t i = 0; i < group.types.size() && i < keys.size(); ++i) {
    if (hint->features.size() >= kMaxFeatures) return;
    FeatureHint feature;
    feature.name = keys[i];
    feature.dtype = group.types[i];
    feature.is_dense = group.kind == Kind::kDense;
    feature.is_list = group.is_list;
    if (feature.is_dense && i < elements.size()) {
      feature.is_varying = elements[i] < 0;
      feature.elements = elements[i] < 0 ? -elements[i] : elements[i];
    }
    if (const size_t at = group.defaults_slot + i;
        group.defaults_slot > 0 && at < node.data_inputs()) {
      Tensor given;
      feature.has_default = feature.is_varying ||
                            (Constant(value.scope, node.inputs[at], &given) && given.elements > 0);
    }
    feature.value = Hint(OutputOf(value, node, group.outputs, i, group.first_output + i));
    hint->features.push_back(std::move(feature));
  }
}

}  // namespace tensorgate

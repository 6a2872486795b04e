// tf.Example and tf.SequenceExample with the features that a graph asks for: see
// synthetic_values.h.
#include <cstring>
#include <utility>

#include "codec/json/base64.h"
#include "codec/json/json_write.h"
#include "graph/message.h"
#include "warmup/synthetic_values.h"

namespace tensorgate {
namespace {

// How many values a feature has that may have any number.
size_t CountOf(const FeatureHint& feature, RowFill fill) {
  if (feature.is_dense) return static_cast<size_t>(feature.elements);
  return fill == RowFill::kZeros ? 1 : 2;
}

// The values of a feature, as the numbers of one list or as strings.
struct Values {
  std::vector<float> floats;
  std::vector<int64_t> integers;
  std::vector<std::string> strings;
};

bool MakeValues(const FeatureHint& feature, const SyntheticRow& row, size_t max_bytes,
                Values* values) {
  const size_t count = CountOf(feature, row.fill);
  if (count > max_bytes / sizeof(int64_t)) return false;
  if (feature.dtype == DataType::kString) {
    SyntheticRow each = row;
    for (size_t i = 0; i < count; ++i) {
      each.seed = row.seed + i;
      if (!MakeString(feature.value, each, max_bytes, &values->strings.emplace_back())) {
        return false;
      }
      max_bytes -= values->strings.back().size();
    }
    return true;
  }
  const bool is_float = feature.dtype == DataType::kFloat;
  void* data;
  if (is_float) {
    values->floats.resize(count);
    data = values->floats.data();
  } else {
    values->integers.resize(count);
    data = values->integers.data();
  }
  FillNumbers(is_float ? DataType::kFloat : DataType::kInt64, feature.value, row, count,
              static_cast<unsigned char*>(data));
  return true;
}

// Feature: bytes_list 1, float_list 2, int64_list 3, each with its values in 1.
std::string FeatureOf(DataType dtype, const Values& values) {
  std::string list, packed, feature;
  if (dtype == DataType::kString) {
    for (const std::string& text : values.strings) AppendBytesField(1, text, &list);
    AppendBytesField(1, list, &feature);
  } else if (dtype == DataType::kFloat) {
    packed.resize(values.floats.size() * sizeof(float));
    if (!packed.empty()) std::memcpy(packed.data(), values.floats.data(), packed.size());
    AppendBytesField(1, packed, &list);
    AppendBytesField(2, list, &feature);
  } else {
    for (const int64_t value : values.integers) AppendVarint(static_cast<uint64_t>(value), &packed);
    AppendBytesField(1, packed, &list);
    AppendBytesField(3, list, &feature);
  }
  return feature;
}

std::string QuotedJson(std::string_view text) {
  OutputBuffer out;
  AppendJsonString(text, &out);
  return std::string(out.view());
}

// As protobuf's JSON has it: bytes in base64, 64-bit numbers in quotes.
std::string JsonOf(DataType dtype, const Values& values) {
  std::string list;
  const auto add = [&](std::string_view text) {
    if (!list.empty()) list += ",";
    list += text;
  };
  for (const std::string& text : values.strings) {
    std::string base64(EncodedBase64Size(text.size()), 0);
    EncodeBase64(text, base64.data());
    add(QuotedJson(base64));
  }
  for (const float value : values.floats) {
    char number[kMaxJsonNumberBytes];
    add({number, static_cast<size_t>(WriteJsonFloat(value, number) - number)});
  }
  for (const int64_t value : values.integers) add(QuotedJson(std::to_string(value)));
  const char* kind = dtype == DataType::kString  ? "bytesList"
                     : dtype == DataType::kFloat ? "floatList"
                                                 : "int64List";
  return "{\"" + std::string(kind) + "\":{\"value\":[" + list + "]}}";
}

void AppendEntry(std::string_view key, std::string_view value, std::string* map) {
  std::string entry;
  AppendBytesField(1, key, &entry);
  AppendBytesField(2, value, &entry);
  AppendBytesField(1, entry, map);
}

}  // namespace

// Example: features 1. SequenceExample: context 1, feature_lists 2. All three are maps in field 1;
// a list of features has them in 1, too.
bool MakeExample(const InputHint& hint, const SyntheticRow& row, size_t max_bytes,
                 std::string* out) {
  const bool is_json = hint.content == InputHint::Content::kExampleJson;
  std::string features, lists, json;
  SyntheticRow each = row;
  for (const FeatureHint& feature : hint.features) {
    each.seed = each.seed * 31 + 1;
    if (feature.has_default && row.fill == RowFill::kZeros) continue;
    Values values;
    if (!MakeValues(feature, each, max_bytes, &values)) return false;
    if (is_json) {
      if (!json.empty()) json += ",";
      json += QuotedJson(feature.name) + ":" + JsonOf(feature.dtype, values);
    } else if (feature.is_list) {
      std::string list;
      AppendBytesField(1, FeatureOf(feature.dtype, values), &list);
      AppendEntry(feature.name, list, &lists);
    } else {
      AppendEntry(feature.name, FeatureOf(feature.dtype, values), &features);
    }
    const size_t used = features.size() + lists.size() + json.size();
    if (used > max_bytes) return false;
  }
  if (is_json) {
    *out = "{\"features\":{\"feature\":{" + json + "}}}";
    return true;
  }
  AppendBytesField(1, features, out);
  if (!lists.empty()) AppendBytesField(2, lists, out);
  return true;
}

}  // namespace tensorgate
